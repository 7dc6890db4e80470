// WADO-RS in front of real archives: what a client receives is, byte for byte, what the PACS hands out over DIMSE.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { interopFiles } from '../fixtures/interop-files.ts';
import type { Loaded } from '../support/archive-files.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type BodyPart, partsOf } from '../support/multipart.ts';
import {
  freePort,
  getscuFiles,
  type MoveOracle,
  type Peer,
  startDcmqrscp,
  startMoveOracle,
  startOrthanc,
  tempDir,
} from '../support/peers.ts';

const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
/** Never on the web side (PS3.18 8.7.3): the gateway re-encodes them. */
const NOT_ON_THE_WEB = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99']);

/** An archive, and a way past the gateway to the bytes that it hands out. */
type Archive = Peer & { bytesOf(file: Loaded): Promise<Buffer>; end(): Promise<void> };
type Destinations = Record<string, { host: string; port: number }>;
type Kind = { name: string; start(move: Destinations): Promise<Archive> };

const files = await interopFiles();
const paths = files.map(({ path }) => path);
const KINDS: Kind[] = [
  {
    name: 'dcmqrscp',
    start: (move) => withOracle(move, (moveDestinations) => startDcmqrscp({ files: paths, moveDestinations })),
  },
  { name: 'Orthanc', start: (move) => withOracle(move, (modalities) => startOrthanc({ files: paths, modalities })) },
];

/** Cannot be asked for by its UID of 66 characters, which dcmqrscp keeps 64 of; it comes with its study all the same. */
const NOT_BY_UID = /jpeg2000-multiframe-multifragments/;
const studies = Map.groupBy(files, ({ study }) => study);

for (const archive of KINDS) {
  describe(`retrieve from ${archive.name}`, () => {
    let peer: Archive;
    let getting: RunningGateway;
    let moving: RunningGateway;

    before(async () => {
      const port = await freePort();
      peer = await archive.start({ GATEWAY: { host: '127.0.0.1', port } });
      getting = await startGateway(undefined, [peer], { DICOMWEB_PACS_0_RETRIEVE: 'get' });
      moving = await startGateway(undefined, [peer], {
        DICOMWEB_PACS_0_RETRIEVE: 'move',
        DICOMWEB_DICOM_PORT: String(port),
      });
    });

    after(async () => {
      await getting?.close();
      await moving?.close();
      await peer?.end();
    });

    for (const [study, instances] of studies) {
      test(`W-R1 study ${study}: C-GET and C-MOVE give every instance, the same bytes`, async () => {
        const got = await studyParts(getting, study);
        const moved = await studyParts(moving, study);
        const expected = instances.map(({ instance }) => instance).sort();
        assert.deepEqual([...got.keys()].sort(), expected);
        assert.deepEqual([...moved.keys()].sort(), expected);
        for (const [instance, part] of got) {
          const other = moved.get(instance);
          assert.ok(
            other !== undefined && dataSetOf(part.body).equals(dataSetOf(other.body)),
            `${instance} differs between C-GET and C-MOVE`,
          );
        }
      });
    }

    for (const file of files.filter(({ name }) => !NOT_BY_UID.test(name))) {
      test(`NEG-9 transfer-syntax=* of ${file.name} is what the PACS sends to getscu`, async () => {
        const part = await instancePart(getting, file);
        const stored = file.transferSyntaxUid;
        const onTheWeb = NOT_ON_THE_WEB.has(stored) ? EXPLICIT_LITTLE : stored;
        assert.equal(readFileMeta(part.body).transferSyntaxUid, onTheWeb);
        assert.match(
          part.headers['content-type'] ?? '',
          new RegExp(`transfer-syntax="?${onTheWeb.replaceAll('.', '\\.')}"?$`),
        );
        if (NOT_ON_THE_WEB.has(stored)) return;
        const oracle = await peer.bytesOf(file);
        assert.equal(readFileMeta(oracle).transferSyntaxUid, stored);
        assert.ok(dataSetOf(part.body).equals(dataSetOf(oracle)), 'the data sets differ');
      });
    }
  });
}

async function studyParts(gateway: RunningGateway, study: string): Promise<Map<string, BodyPart>> {
  const parts = await request(`${gateway.url}/studies/${study}`);
  return new Map(parts.map((part) => [readFileMeta(part.body).sopInstanceUid ?? '', part]));
}

async function instancePart(gateway: RunningGateway, { study, series, instance }: Loaded): Promise<BodyPart> {
  const [part, ...more] = await request(`${gateway.url}/studies/${study}/series/${series}/instances/${instance}`);
  assert.ok(part !== undefined && more.length === 0, 'one part is expected');
  return part;
}

async function request(url: string): Promise<BodyPart[]> {
  const response = await fetch(url, {
    headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
  });
  const body = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, body.subarray(0, 500).toString());
  return partsOf(response.headers.get('content-type') ?? '', body);
}

/**
 * getscu is asked first. There are syntaxes that it has no option for; and Orthanc, offered a compressed and an uncompressed
 * syntax in one context as getscu does, takes the uncompressed one and then has nothing to send: those come by movescu.
 */
async function withOracle(move: Destinations, start: (destinations: Destinations) => Promise<Peer>): Promise<Archive> {
  const syntaxes = new Set(files.map(({ transferSyntaxUid }) => transferSyntaxUid));
  const oracle = await startMoveOracle([...syntaxes].filter((uid) => !NOT_ON_THE_WEB.has(uid)));
  const peer = await start({ ...move, ...oracle.destinations });
  const bytesOf = async (file: Loaded) => (await byGetscu(peer, file)) ?? (await byMovescu(oracle, peer, file));
  return { ...peer, bytesOf, end: async () => void (await Promise.all([peer.stop(), oracle.stop()])) };
}

async function byGetscu(peer: Peer, file: Loaded): Promise<Buffer | undefined> {
  const dir = await tempDir();
  try {
    const [path] = await getscuFiles(peer, file, { dir, transferSyntaxUid: file.transferSyntaxUid });
    return path === undefined ? undefined : readFileSync(path);
  } catch (error) {
    if (error instanceof Error && /getscu (cannot propose|received nothing)/.test(error.message)) return undefined;
    throw error;
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function byMovescu(oracle: MoveOracle, peer: Peer, file: Loaded): Promise<Buffer> {
  const [path] = await oracle.files(peer, file, file.transferSyntaxUid);
  assert.ok(path !== undefined, `movescu brought nothing for ${file.name}`);
  return readFileSync(path);
}

function dataSetOf(part10: Buffer): Buffer {
  return part10.subarray(readFileMeta(part10).dataOffset);
}
