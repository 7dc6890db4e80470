// STOW-RS into archives that take no compression: what arrives there is what independent decoders make of each file, and says
// of itself what it has lost.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { readFileMeta, writeFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { Tag } from '../../src/dimse/data/tags.ts';
import { ExplicitLittle, ImplicitLittle, transferSyntax } from '../../src/dimse/data/transfer-syntax.ts';
import { archiveFiles, type Loaded } from '../support/archive-files.ts';
import { corpusDir, corpusRows } from '../support/corpus.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { multipartOf } from '../support/multipart.ts';
import { type Peer, runToolOk, startOrthanc, startStorescp, tempDir } from '../support/peers.ts';

const { files: all, skip } = archiveFiles();
const dir = corpusDir() ?? '';
const truth = Map.groupBy(skip ? [] : corpusRows(dir, 'truth.tsv'), ({ file = '' }) => file);
const LARGEST = 500_000;
const H264 = '1.2.840.10008.1.2.4.102';
/** Of each transfer syntax and colour the smallest files that independent decoders could read. */
const files = chosen(
  all.filter(({ transferSyntaxUid, path }) => isCompressed(transferSyntaxUid) && statSync(path).size < LARGEST),
);

function isCompressed(uid: string): boolean {
  return transferSyntax(uid)?.encapsulated === true;
}

function chosen(from: readonly Loaded[]): Loaded[] {
  const readable = from.filter(({ name }) => truth.get(name)?.some(({ tool }) => tool !== '-'));
  const kindOf = ({ name, transferSyntaxUid }: Loaded) => `${transferSyntaxUid} ${name.split('_')[2]}`;
  const kinds = Map.groupBy(readable, kindOf);
  return [...kinds.values()].flatMap(
    (kind) => kind.sort((a, b) => statSync(a.path).size - statSync(b.path).size)[0] ?? [],
  );
}

/** Lossy Image Compression Method of what can have lost something (PS3.3 C.7.6.1.1.5.1). */
const METHODS: Readonly<Record<string, string>> = {
  ...{ '.4.50': 'ISO_10918_1', '.4.51': 'ISO_10918_1', '.4.53': 'ISO_10918_1', '.4.55': 'ISO_10918_1' },
  ...{ '.4.81': 'ISO_14495_1', '.4.91': 'ISO_15444_1', '.4.203': 'ISO_15444_15' },
};

describe('uploads into a storage that takes no compression', { skip }, () => {
  for (const [syntax, sent] of [
    [ExplicitLittle, files],
    [ImplicitLittle, files.slice(0, 8)],
  ] as const) {
    describe(`storescp that takes ${syntax} alone`, () => {
      let peer: Awaited<ReturnType<typeof startStorescp>>;
      let gateway: RunningGateway;
      let answer: { status: number; body: Module };
      const arrived = new Map<string, Dataset>();

      before(async () => {
        peer = await startStorescp({ transferSyntaxes: [syntax] });
        gateway = await startGateway(undefined, [peer]);
        answer = await stow(
          gateway,
          sent.map(({ path }) => readFileSync(path)),
        );
        for (const path of await peer.files()) {
          const bytes = readFileSync(path);
          const { dataOffset, transferSyntaxUid } = readFileMeta(bytes);
          assert.equal(transferSyntaxUid, syntax);
          const dataset = readDataset(bytes.subarray(dataOffset), transferSyntaxUid);
          arrived.set(String(dataset[Tag.SOPInstanceUID]?.Value?.[0]), dataset);
        }
      });
      after(async () => {
        await gateway?.close();
        await peer?.stop();
      });

      test('S-35 S-40 all are stored, each under its own UID', () => {
        assert.equal(answer.status, 200, JSON.stringify(answer.body['00081198']));
        assert.deepEqual([...arrived.keys()].sort(), sent.map(({ instance }) => instance).sort());
      });

      for (const file of sent) {
        test(`S-35 ${file.name} arrives with the pixels that other decoders see`, async () => {
          const dataset = arrived.get(file.instance);
          assert.ok(dataset);
          await assertSamePixels(file, dataset);
        });
        test(`S-35 W-D13 ${file.name} says what its pixels have lost`, () => {
          const dataset = arrived.get(file.instance) ?? {};
          const original = datasetOf(file.path);
          const method = METHODS[file.transferSyntaxUid.replace('1.2.840.10008.1.2', '')];
          const said = (from: Dataset, tag: string) => from[tag]?.Value;
          if (method === undefined) {
            for (const tag of LOSS) assert.deepEqual(said(dataset, tag), said(original, tag));
            return;
          }
          assert.deepEqual(said(dataset, Tag.LossyImageCompression), ['01']);
          const methods = said(original, Tag.LossyImageCompressionMethod) ?? [method];
          assert.deepEqual(said(dataset, Tag.LossyImageCompressionMethod), methods);
          const ratio = Number(said(dataset, Tag.LossyImageCompressionRatio)?.[0]);
          assert.ok(ratio > 1 || said(original, Tag.LossyImageCompressionRatio) !== undefined, `ratio ${ratio}`);
        });
      }
    });
  }

  describe('Orthanc that takes no compression', () => {
    let peer: Peer;
    let gateway: RunningGateway;

    before(async () => {
      const configuration = { AcceptedTransferSyntaxes: [ExplicitLittle] };
      peer = await startOrthanc({ configuration });
      gateway = await startGateway(undefined, [peer]);
    });
    after(async () => {
      await gateway?.close();
      await peer?.stop();
    });

    test('S-35 what is stored decoded reads back decoded', async () => {
      const [file] = files;
      assert.ok(file);
      assert.equal((await stow(gateway, [readFileSync(file.path)])).status, 200);
      const url = `${gateway.url}/studies/${file.study}/series/${file.series}/instances/${file.instance}`;
      const response = await fetch(url, { headers: { accept: 'application/dicom; transfer-syntax=*' } });
      const bytes = Buffer.from(await response.arrayBuffer());
      const { dataOffset, transferSyntaxUid } = readFileMeta(bytes);
      assert.equal(transferSyntaxUid, ExplicitLittle);
      await assertSamePixels(file, readDataset(bytes.subarray(dataOffset), transferSyntaxUid));
    });

    test('4.4 C122 what nothing decodes is refused for its syntax, and the others are stored', async () => {
      const [file, other] = files;
      assert.ok(file && other);
      // Fragments that no decoder here is for, whatever they hold.
      const bytes = readFileSync(other.path);
      const meta = { sopClassUid: other.sopClassUid, sopInstanceUid: other.instance, transferSyntaxUid: H264 };
      const video = Buffer.concat([writeFileMeta(meta), bytes.subarray(readFileMeta(bytes).dataOffset)]);
      const { status, body } = await stow(gateway, [video, readFileSync(file.path)]);
      assert.equal(status, 202);
      const [failed] = body['00081198']?.Value ?? [];
      assert.deepEqual([failed?.['00081155']?.Value, failed?.['00081197']?.Value], [[other.instance], [0xc122]]);
    });
  });
});

const LOSS = [Tag.LossyImageCompression, Tag.LossyImageCompressionRatio, Tag.LossyImageCompressionMethod];

async function assertSamePixels({ name, path, transferSyntaxUid }: Loaded, dataset: Dataset): Promise<void> {
  const pixels = Buffer.from(dataset[Tag.PixelData]?.InlineBinary ?? []);
  const rows = truth.get(name)?.filter(({ frame, tool }) => frame === '1' && tool !== '-') ?? [];
  const hashOf = (length: number) => createHash('sha256').update(pixels.subarray(0, length)).digest('hex');
  if (rows.some(({ sha256, bytes }) => sha256 === hashOf(Number(bytes)))) return;
  assert.ok(METHODS[transferSyntaxUid.replace('1.2.840.10008.1.2', '')], 'a frame without loss differs');
  const theirs = join(await tempDir(), 'theirs.dcm');
  await runToolOk('gdcmconv', ['--raw', path, theirs]);
  const other = Buffer.from(datasetOf(theirs)[Tag.PixelData]?.InlineBinary ?? []);
  assert.equal(pixels.length, other.length);
  const wide = dataset[Tag.BitsAllocated]?.Value?.[0] === 16;
  const at = (bytes: Buffer, n: number) => (wide ? bytes.readUInt16LE(2 * n) : (bytes[n] ?? 0));
  let worst = 0;
  for (let n = 0; n < pixels.length / (wide ? 2 : 1); n++)
    worst = Math.max(worst, Math.abs(at(pixels, n) - at(other, n)));
  assert.ok(worst <= 3, `samples differ by ${worst}`);
}

function datasetOf(path: string): Dataset {
  const bytes = readFileSync(path);
  const { dataOffset, transferSyntaxUid } = readFileMeta(bytes);
  return readDataset(bytes.subarray(dataOffset), transferSyntaxUid);
}

type Item = Record<string, { Value?: (string | number)[] }>;
type Module = Record<string, { Value?: Item[] }>;

async function stow(gateway: RunningGateway, some: readonly Buffer[]): Promise<{ status: number; body: Module }> {
  const parts = some.map((body) => ({ headers: { 'Content-Type': 'application/dicom' }, body }));
  const response = await fetch(`${gateway.url}/studies`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' },
    body: new Uint8Array(multipartOf('b', parts)),
  });
  return { status: response.status, body: (await response.json()) as Module };
}
