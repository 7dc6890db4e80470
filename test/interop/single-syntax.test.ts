// Storages that take one transfer syntax and nothing else (DCMTK's storescp): what `check` and the gateway learn of them, and do.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { check } from '../../src/bridge/check/check.ts';
import { loadConfig } from '../../src/bridge/config/config.ts';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { ExplicitLittle, ImplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { connect } from '../../src/dimse/index.ts';
import { CT, emptyDir, instanceFile } from '../bridge/fixtures.ts';
import { startGateway } from '../support/gateway.ts';
import { multipartOf } from '../support/multipart.ts';
import { freePort, type Peer, runToolOk, startDcmqrscp, startOrthanc, startStorescp } from '../support/peers.ts';

const BIG = '1.2.840.10008.1.2.2';
const RLE = '1.2.840.10008.1.2.5';
const JPEG = '1.2.840.10008.1.2.4.70';
const SIZE = 32;
const PIXELS = Buffer.from(Array.from({ length: 2 * SIZE * SIZE }, (_, n) => (n % 2 === 0 ? n * 7 : n >> 9)));
const us = (value: number) => ({ vr: 'US' as const, Value: [value] });
const IMAGE: Dataset = {
  '00280002': us(1),
  '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
  '00280010': us(SIZE),
  '00280011': us(SIZE),
  '00280100': us(16),
  '00280101': us(16),
  '00280102': us(15),
  '00280103': us(0),
  '7FE00010': { vr: 'OW', InlineBinary: PIXELS },
};

/** DCMTK's program for each form, besides the one that is uploaded as it was made. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  [ExplicitLittle]: [],
  [ImplicitLittle]: ['dcmconv', '+ti'],
  [RLE]: ['dcmcrle'],
  [JPEG]: ['dcmcjpeg'],
};
type File = { path: string; study: string; series: string; instance: string; syntax: string };

/** One image in each form, each under UIDs of its own. */
async function images(t: TestContext): Promise<File[]> {
  return Promise.all(
    Object.entries(FORMS).map(async ([syntax, [program, ...options]], index) => {
      const study = `1.2.826.0.1.3680043.8.498.9${index}`;
      const ids = { study, series: `${study}.1`, instance: `${study}.1.1` };
      const made = await instanceFile(t, { ...ids, bytes: 0, more: IMAGE });
      if (program === undefined) return { path: made, ...ids, syntax };
      const path = join(dirname(made), 'as.dcm');
      await runToolOk(program, [...options, made, path]);
      return { path, ...ids, syntax };
    }),
  );
}

const pixelsOf = (bytes: Buffer) => {
  const { dataOffset, transferSyntaxUid } = readFileMeta(bytes);
  return readDataset(bytes.subarray(dataOffset), transferSyntaxUid)['7FE00010']?.InlineBinary;
};
const dataOf = (bytes: Buffer) => bytes.subarray(readFileMeta(bytes).dataOffset);

/** The steps of `check` for a peer, which may know the gateway as GATEWAY at `port`. */
async function checked(t: TestContext, { aeTitle, host, port }: Peer, ourPort = 0, retrieve = 'auto') {
  const env = {
    DICOMWEB_CACHE_DIR: await emptyDir(t),
    DICOMWEB_PACS: `${aeTitle}@${host}:${port}`,
    DICOMWEB_PACS_0_RETRIEVE: retrieve,
    DICOMWEB_DICOM_PORT: `${ourPort}`,
  };
  const rows = await check(loadConfig({ env, flags: {} }));
  return (wanted: string) => rows.find(({ step }) => step === wanted)?.detail;
}

/** Failure Reason of each instance that was not stored. */
async function stow(t: TestContext, peer: Peer, files: readonly File[]): Promise<Map<string, number>> {
  const { url } = await startGateway(t, [peer]);
  const headers = { 'Content-Type': 'application/dicom' };
  const parts = files.map(({ path }) => ({ headers, body: readFileSync(path) }));
  const response = await fetch(`${url}/studies`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' },
    body: new Uint8Array(multipartOf('b', parts)),
  });
  const { '00081198': failed } = (await response.json()) as Record<string, { Value?: Dataset[] }>;
  const first = (item: Dataset, tag: string) => item[tag]?.Value?.[0];
  return new Map(
    failed?.Value?.map((item) => [String(first(item, '00081155')), Number(first(item, '00081197'))]) ?? [],
  );
}

const REFUSED = 0xc122;
/** The one syntax that a storescp takes, its name in `check`, and which of the uploads it can take. */
const STORAGES: [syntax: string, name: string | undefined, taken: string[]][] = [
  [ImplicitLittle, 'Implicit VR', [ExplicitLittle, ImplicitLittle, RLE, JPEG]],
  [ExplicitLittle, 'Explicit VR', [ExplicitLittle, ImplicitLittle, RLE, JPEG]],
  [JPEG, 'JPEG lossless SV1', [JPEG]],
  [RLE, 'RLE', [RLE]],
  [BIG, undefined, []],
];
for (const [syntax, name, taken] of STORAGES) {
  test(`S-35 a storescp that takes ${syntax} alone: check says so, each upload arrives in it or is C122`, async (t) => {
    const peer = await startStorescp({ transferSyntaxes: [syntax] });
    t.after(() => peer.stop());
    const row = (await checked(t, peer))('C-STORE');
    if (name === undefined) assert.match(row ?? '', /^takes none of the common storage classes/);
    else assert.equal(row, `classes: all 8; syntaxes: 1 of 12 (${name})`);

    const files = await images(t);
    const refused = files.filter((file) => !taken.includes(file.syntax));
    assert.deepEqual(await stow(t, peer, files), new Map(refused.map(({ instance }) => [instance, REFUSED])));
    const arrived = new Map((await peer.files()).map(readFileOf));
    assert.deepEqual(
      [...arrived.keys()].sort(),
      files.filter((file) => taken.includes(file.syntax)).map(({ instance }) => instance),
    );
    for (const file of files) {
      const bytes = arrived.get(file.instance);
      if (bytes === undefined) continue;
      assert.equal(readFileMeta(bytes).transferSyntaxUid, syntax);
      if (file.syntax === syntax) assert.ok(dataOf(bytes).equals(dataOf(readFileSync(file.path))), file.syntax);
      else assert.deepEqual(Buffer.from(pixelsOf(bytes) ?? []), PIXELS, file.syntax);
    }
  });
}

function readFileOf(path: string): [string, Buffer] {
  const bytes = readFileSync(path);
  return [readFileMeta(bytes).sopInstanceUid ?? '', bytes];
}

test('PS3.8 7.1.1.14 of the syntaxes of a context the association names the one that storescp chose, and the contexts it refused', async (t) => {
  const peer = await startStorescp({ transferSyntaxes: [RLE] });
  t.after(() => peer.stop());
  const association = await connect({
    host: peer.host,
    port: peer.port,
    calledAeTitle: peer.aeTitle,
    callingAeTitle: 'OURS',
    contexts: [
      { abstractSyntax: CT, transferSyntaxes: [ExplicitLittle, JPEG, RLE] },
      { abstractSyntax: CT, transferSyntaxes: [ExplicitLittle, ImplicitLittle] },
      { abstractSyntax: '1.2.3', transferSyntaxes: [RLE] },
    ],
  });
  assert.deepEqual(
    association.contexts.map(({ id, transferSyntaxUid }) => [id, transferSyntaxUid]),
    [[1, RLE]],
  );
  assert.deepEqual(association.rejected, [
    { abstractSyntax: CT, result: 4 },
    { abstractSyntax: '1.2.3', result: 3 },
  ]);
  await association.release();
});

type Destinations = Record<string, { host: string; port: number }>;
const ARCHIVES: Record<string, (files: string[], moveDestinations: Destinations) => Promise<Peer>> = {
  dcmqrscp: (files, moveDestinations) => startDcmqrscp({ files, moveDestinations }),
  Orthanc: (files, modalities) => startOrthanc({ files, modalities }),
};
const COMPRESSED = [
  [JPEG, 'JPEG lossless SV1'],
  [RLE, 'RLE'],
] as const;
/** dcmqrscp sends a class in one syntax: its C-GET brings what is compressed only when that syntax is asked for alone. */
for (const [name, start] of Object.entries(ARCHIVES)) {
  for (const [syntax, said] of COMPRESSED) {
    /** An archive of one instance, that knows the gateway at `port` if at all. */
    const holding = async (t: TestContext, port?: number) => {
      const [stored] = (await images(t)).filter((file) => file.syntax === syntax);
      assert.ok(stored);
      const peer = await start([stored.path], port === undefined ? {} : { GATEWAY: { host: '127.0.0.1', port } });
      t.after(() => peer.stop());
      return { stored, peer };
    };
    const kept = new RegExp(`^1 instance, \\d+ bytes, ${said}`);

    test(`NEG-9 ${name} that stores ${said}: check finds that it is kept, by what the gateway uses`, async (t) => {
      const port = await freePort();
      const { peer } = await holding(t, port);
      const row = await checked(t, peer, port);
      assert.match(row('C-MOVE') ?? '', kept);
      assert.match(row('C-GET') ?? '', name === 'Orthanc' ? kept : /^C-MOVE is used instead: /);
    });
    for (const retrieve of ['get', 'auto']) {
      test(`NEG-9 ${name} that stores ${said}, does not know us, retrieve is ${retrieve}: it comes as stored by C-GET`, async (t) => {
        const { peer, stored } = await holding(t);
        assert.match((await checked(t, peer, 0, retrieve))('C-GET') ?? '', kept);
        const { url } = await startGateway(t, [peer], { DICOMWEB_PACS_0_RETRIEVE: retrieve });
        const { study, series, instance } = stored;
        const accept = 'application/dicom; transfer-syntax=*';
        const response = await fetch(`${url}/studies/${study}/series/${series}/instances/${instance}`, {
          headers: { accept },
        });
        const bytes = Buffer.from(await response.arrayBuffer());
        assert.equal(response.status, 200, bytes.toString('latin1').slice(0, 500));
        assert.equal(readFileMeta(bytes).transferSyntaxUid, syntax);
        assert.ok(dataOf(bytes).equals(dataOf(readFileSync(stored.path))));
      });
    }
  }
}
