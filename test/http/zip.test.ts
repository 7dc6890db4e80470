// Extension: application/zip, read by Python's zipfile and by pydicom's FileSet.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DicomError } from '../../src/dimse/errors.ts';
import { writeZip, type ZipEntry } from '../../src/http/zip/zip-writer.ts';
import { EXPLICIT, FIXTURES, JPEG_LS, STUDY } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const READER = fileURLToPath(new URL('../interop/file-set.py', import.meta.url));
const ANY = { accept: 'application/zip; transfer-syntax=*' };

type Found = {
  names: string[];
  instances: {
    path: string;
    type: string;
    patient: string;
    study: string;
    series: string;
    instance: string;
    same: boolean;
    syntax: string;
  }[];
};

function python(script: string[], input: Buffer): string {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', script, { input, maxBuffer: 1 << 26 });
  assert.equal(status, 0, stderr.toString());
  return stdout.toString();
}

test('a study as application/zip is a file set that pydicom reads: every instance, in its place of the hierarchy', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const answer = await app.inject({ url: PATHS.study, headers: ANY });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['content-type'], 'application/zip');
  assert.equal(answer.headers['content-disposition'], `attachment; filename="${STUDY}.zip"`);
  const { names, instances } = JSON.parse(python([READER], answer.rawPayload)) as Found;
  assert.equal(names.at(-1), 'DICOMDIR');
  for (const name of names) assert.match(name, /^(DICOMDIR|DICOM\/[A-Z0-9]{8}\/[A-Z0-9]{8})$/);
  const uids = instances.map(({ instance }) => instance).sort();
  assert.deepEqual(
    uids,
    Object.values(FIXTURES)
      .map(({ sopInstanceUid }) => sopInstanceUid)
      .sort(),
  );
  for (const one of instances) {
    assert.ok(one.same, one.path);
    assert.deepEqual([one.patient, one.study], ['W1', STUDY]);
  }
  const typeOf = (uid: string) => instances.find(({ instance }) => instance === uid)?.type;
  assert.equal(typeOf(FIXTURES.explicit.sopInstanceUid), 'IMAGE');
  assert.equal(typeOf(FIXTURES.pdf.sopInstanceUid), 'ENCAP DOC');
  assert.equal(typeOf(FIXTURES.report.sopInstanceUid), 'SR DOCUMENT');
  assert.equal(gateway.held, 0);
});

test('NEG-11 an archive without a transfer syntax is in Explicit VR Little Endian, with * as stored', async (t) => {
  const { app } = await buildWeb(t);
  for (const [accept, fixture, syntax] of [
    ['application/zip', FIXTURES.implicit, EXPLICIT],
    [ANY.accept, FIXTURES.jpegLs, JPEG_LS],
  ] as const) {
    const answer = await app.inject({ url: pathOf(fixture), headers: { accept } });
    const { instances } = JSON.parse(python([READER], answer.rawPayload)) as Found;
    assert.deepEqual(
      instances.map((one) => one.syntax),
      [syntax],
    );
  }
});

test('ED-7 an archive is given only to who names it', async (t) => {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ url: PATHS.native, headers: { accept: 'application/*' } });
  assert.notEqual(answer.headers['content-type'], 'application/zip');
  const asked = await app.inject({ url: `${PATHS.native}?accept=application/zip`, headers: { accept: '*/*' } });
  assert.equal(asked.headers['content-type'], 'application/zip');
});

test('an archive whose retrieval fails before the first instance is a status, HEAD retrieves one at most', async (t) => {
  const { app, gateway } = await buildWeb(t);
  assert.equal((await app.inject({ method: 'HEAD', url: PATHS.study, headers: ANY })).statusCode, 200);
  assert.equal(gateway.held, 0);
  gateway.failAfter = { instances: 0, error: new DicomError('timeout', 'no answer') };
  assert.equal((await app.inject({ url: PATHS.study, headers: ANY })).statusCode, 504);
});

async function archiveOf(entries: ZipEntry[]): Promise<Buffer> {
  async function* each(): AsyncGenerator<ZipEntry> {
    yield* entries;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of writeZip(each())) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function* bodyOf(...chunks: string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

const NAMES =
  'import io,json,sys,zipfile; z=zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); assert z.testzip() is None; print(json.dumps([len(z.namelist()), z.read(z.namelist()[-1]).decode(), [i.extract_version for i in z.infolist()][-1]]))';

test('an entry of unknown length is read back, by ZIP64; one of known length without it', async () => {
  const unknown = await archiveOf([{ name: 'a', body: bodyOf('one', 'two') }]);
  assert.deepEqual(JSON.parse(python(['-c', NAMES], unknown)), [1, 'onetwo', 45]);
  const known = await archiveOf([
    { name: 'a', length: 0, body: bodyOf() },
    { name: 'ä/b', length: 6, body: bodyOf('one', 'two') },
  ]);
  assert.deepEqual(JSON.parse(python(['-c', NAMES], known)), [2, 'onetwo', 20]);
});

test('more entries than 16 bits count are all in the directory', async () => {
  const entries = Array.from({ length: 65540 }, (_, i) => ({ name: String(i), length: 1, body: bodyOf('x') }));
  const [count] = JSON.parse(
    python(['-c', NAMES.replace('assert z.testzip() is None; ', '')], await archiveOf(entries)),
  );
  assert.equal(count, 65540);
});

test('an entry larger than 32 bits count has its true size in the directory', async () => {
  const chunk = Buffer.alloc(64 << 20);
  async function* large(): AsyncGenerator<Buffer> {
    for (let i = 0; i < 65; i++) yield chunk;
  }
  async function* entries(): AsyncGenerator<ZipEntry> {
    yield { name: 'large', body: large() };
    yield { name: 'behind', length: 1, body: bodyOf('x') };
  }
  let last: Buffer = Buffer.alloc(0);
  for await (const bytes of writeZip(entries())) last = bytes;
  const size = 65 * chunk.length;
  assert.equal(last.readBigUInt64LE(46 + 'large'.length + 4), BigInt(size));
  // The second entry begins beyond 4 GiB: behind the first one's header, bytes and wide descriptor.
  const second = 46 + 'large'.length + 28;
  const offset = last.readBigUInt64LE(second + 46 + 'behind'.length + 4 + 16);
  assert.equal(offset, BigInt(30 + 'large'.length + 20 + size + 24));
});
