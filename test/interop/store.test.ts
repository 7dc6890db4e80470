// STOW-RS into real archives: every instance gets its true status, and what is stored reads back identical: of Orthanc every
// file, of dcmqrscp one file per SOP class and transfer syntax, without those syntaxes that are re-encoded on the web side.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Attribute, Dataset } from '../../src/dimse/data/dataset.ts';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { Tag } from '../../src/dimse/data/tags.ts';
import { transferSyntax } from '../../src/dimse/data/transfer-syntax.ts';
import { convertDataset } from '../dimse/data/converted.ts';
import { interopFiles } from '../fixtures/interop-files.ts';
import type { Loaded } from '../support/archive-files.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { multipartOf, partsOf } from '../support/multipart.ts';
import { type Peer, startDcmqrscp, startOrthanc } from '../support/peers.ts';
import { remainingOf } from '../support/remaining.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const READERS = 6;
const DICOM = { 'Content-Type': 'application/dicom' };
const files = await interopFiles();
/** Never on the web side (PS3.18 8.7.3): they come back in Explicit VR, with the same values. */
const REENCODED = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99']);
/** Of each (SOP class, transfer syntax) the smallest: enough to see every negotiation. */
const sample = onePerPair(files);
/** A UID in a C-STORE has at most 64 characters (PS3.5 9.1); there are archives with longer ones. */
const isSendable = ({ instance }: Loaded) => instance.length <= 64;
/** Failure Reason 0117 (PS3.7 C.4.2). */
const INVALID_SOP_INSTANCE = 0x0117;

const ARCHIVES = [
  {
    name: 'dcmqrscp',
    start: () => startDcmqrscp({ files: [] }),
    // A sample: it is slow, and gives private attributes of Implicit VR the VRs of its own dictionary.
    readBack: sample.filter(({ transferSyntaxUid }) => !REENCODED.has(transferSyntaxUid)),
  },
  { name: 'Orthanc', start: () => startOrthanc({ files: [] }), readBack: files },
];

for (const archive of ARCHIVES) {
  describe(`store into ${archive.name}`, () => {
    let peer: Peer;
    let gateway: RunningGateway;

    before(async () => {
      peer = await archive.start();
      gateway = await startGateway(undefined, [peer]);
    });
    after(async () => {
      await gateway?.close();
      await peer?.stop();
    });

    test('S-41 S-35 one upload of all files: each referenced, but for what DIMSE cannot carry', async () => {
      const parts = files.map(({ path }) => ({ headers: DICOM, body: readFileSync(path) }));
      const { status, body } = await stow(gateway, multipartOf('the-boundary', parts));
      assert.deepEqual(
        failures(body),
        files.filter((file) => !isSendable(file)).map(({ instance }) => [instance, INVALID_SOP_INSTANCE]),
      );
      assert.equal(status, files.every(isSendable) ? 200 : 202);
      assert.deepEqual(
        references(body, '00081199').sort(),
        files
          .filter(isSendable)
          .map(({ instance }) => instance)
          .sort(),
      );
    });

    test(`S-20 S-30 ${archive.readBack.length} of ${files.length} files read back as they were stored`, async () => {
      const readBack = archive.readBack.filter(isSendable);
      const differing: string[] = [];
      const readOn = async (): Promise<void> => {
        for (let file = readBack.pop(); file !== undefined; file = readBack.pop()) {
          const difference = await differenceOf(gateway, file);
          if (difference !== undefined) differing.push(`${file.name}: ${difference}`);
        }
      };
      await Promise.all(Array.from({ length: READERS }, readOn));
      assert.deepEqual(differing, []);
    });

    for (const level of ['studies', 'series', 'instances']) {
      test(`Q-P9 a page of /${level} says how many remain, whatever the files share`, async () => {
        const whole = await found(gateway, `/${level}`);
        const page = await found(gateway, `/${level}?limit=5&offset=1`);
        assert.equal(page.count, 5);
        assert.deepEqual([page.remaining, whole.remaining], [whole.count - 6, undefined]);
      });
    }

    test('S-43 a study that is not the one of the path: 409, and nothing is stored', async () => {
      const [file] = sample;
      assert.ok(file);
      const parts = [{ headers: DICOM, body: readFileSync(file.path) }];
      const { status, body } = await stow(gateway, multipartOf('b', parts), '/studies/1.2.3.4.5.6.7.8.9');
      assert.equal(status, 409);
      assert.deepEqual(references(body, '00081198'), [file.instance]);
      assert.equal(references(body, '00081199').length, 0);
    });

    test('T-48 a part that is no DICOM beside one that is: 202, the one stored, the other among OtherFailures', async () => {
      const [file] = sample;
      assert.ok(file);
      const parts = [
        { headers: DICOM, body: Buffer.from('this is no DICOM at all, whatever its Content-Type says'.repeat(20)) },
        { headers: DICOM, body: readFileSync(file.path) },
      ];
      const { status, body } = await stow(gateway, multipartOf('b', parts));
      assert.equal(status, 202);
      assert.deepEqual(references(body, '00081199'), [file.instance]);
      assert.equal(body['0008119A']?.Value?.length, 1);
    });
  });
}

async function found({ url }: RunningGateway, path: string): Promise<{ count: number; remaining: number | undefined }> {
  const response = await fetch(url + path);
  const { length } = (await response.json()) as unknown[];
  return { count: length, remaining: remainingOf(response.headers) };
}

/** What of a file differs once it is read back; undefined where nothing does. */
async function differenceOf(gateway: RunningGateway, file: Loaded): Promise<string | undefined> {
  const response = await fetch(
    `${gateway.url}/studies/${file.study}/series/${file.series}/instances/${file.instance}`,
    { headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' } },
  );
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) return `${response.status} ${body.subarray(0, 300)}`;
  const [part] = partsOf(response.headers.get('content-type') ?? '', body);
  if (part === undefined) return 'no part';
  const { transferSyntaxUid } = readFileMeta(part.body);
  const expected = REENCODED.has(file.transferSyntaxUid) ? EXPLICIT : file.transferSyntaxUid;
  if (transferSyntaxUid !== expected) return `it is in ${transferSyntaxUid}`;
  const [now, before] = [await elementsOf(part.body), await elementsOf(readFileSync(file.path))];
  const tags = Object.keys({ ...before, ...now }).filter(
    (tag) => JSON.stringify(now[tag]) !== JSON.stringify(before[tag]),
  );
  const changed = tags.filter((tag) => !isBlank(before[tag]) || JSON.stringify(now[tag]) !== '{"vr":"UN"}');
  return changed.length === 0 ? undefined : changed.join();
}

/** Private values of two spaces, which DCMTK, and so either archive, writes as empty. */
function isBlank(attribute: Attribute | undefined): boolean {
  return attribute?.vr === 'UN' && Buffer.from(attribute.InlineBinary ?? []).toString() === '  ';
}

/** Every element and value of a Part 10 file, pixel data included; odd lengths, which DIMSE cannot carry, made even. */
async function elementsOf(part10: Buffer): Promise<Dataset> {
  const { dataOffset, transferSyntaxUid: syntax } = readFileMeta(part10);
  const even = await convertDataset(part10.subarray(dataOffset), syntax, syntax, { evenLengths: true });
  const dataset = readDataset(even, syntax);
  const pixels = dataset[Tag.PixelData];
  // Encapsulated pixel data are OB (PS3.5 A.4), also where a file says OW: DCMTK puts that right.
  if (pixels !== undefined && transferSyntax(syntax)?.encapsulated) pixels.vr = 'OB';
  return dataset;
}

type Item = Record<string, { Value?: (string | number)[] }>;
type Module = Record<string, { Value?: Item[] }>;

async function stow(
  gateway: RunningGateway,
  body: Buffer,
  path = '/studies',
): Promise<{ status: number; body: Module }> {
  const boundary = /^--([^\r]+)\r/.exec(body.subarray(0, 100).toString('latin1'))?.[1];
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
      accept: 'application/dicom+json',
    },
    body: new Uint8Array(body),
  });
  return { status: response.status, body: (await response.json()) as Module };
}

/** SOP Instance UIDs of a sequence of the Store Instances Response Module. */
function references(module: Module, tag: string): string[] {
  return (module[tag]?.Value ?? []).map((item) => String(item['00081155']?.Value?.[0]));
}

function failures(module: Module): [string, number][] {
  return (module['00081198']?.Value ?? []).map((item) => [
    String(item['00081155']?.Value?.[0]),
    Number(item['00081197']?.Value?.[0]),
  ]);
}

function onePerPair(all: Loaded[]): Loaded[] {
  const pairs = Map.groupBy(all, ({ sopClassUid, transferSyntaxUid }) => `${sopClassUid} ${transferSyntaxUid}`);
  return [...pairs.values()].flatMap((group) =>
    group.sort((a, b) => readFileSync(a.path).length - readFileSync(b.path).length).slice(0, 1),
  );
}
