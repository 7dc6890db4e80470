// Metadata as JSON text, made once and kept beside the instance.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Cache, type StoredFile } from '../../../src/bridge/cache/cache.ts';
import { metadataJsonOf } from '../../../src/bridge/metadata/kept.ts';
import { metadataOf } from '../../../src/bridge/metadata/metadata.ts';
import { toJson } from '../../../src/dimse/data/json.ts';
import { ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';

const dir = mkdtempSync(join(tmpdir(), 'kept-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const OPTIONS = { baseUrl: 'http://one/dicomweb', inlineBytes: 16 };

async function stored(): Promise<{ cache: Cache; file: StoredFile }> {
  const cache = await Cache.open({ dir: mkdtempSync(join(dir, 'cache-')), maxBytes: 1e6, maxAge: 1e9 });
  const body = writeDataset(
    {
      '00080018': { vr: 'UI', Value: ['1.3'] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'http://one/dicomweb' }] },
      '00091001': { vr: 'OB', InlineBinary: Buffer.alloc(100) },
      '7FE00010': { vr: 'OW', InlineBinary: Buffer.alloc(64) },
    },
    ExplicitLittle,
  );
  const uids = { sopClassUid: '1.2.3', sopInstanceUid: '1.3', studyInstanceUid: '1.1', seriesInstanceUid: '1.2' };
  const instance = { ...uids, transferSyntaxUid: ExplicitLittle, body: once(body) };
  return { cache, file: await cache.write(instance, 'PACS') };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void> {
  yield bytes;
}

test('the text is what the data set makes, the first time and from what is kept', async () => {
  const { cache, file } = await stored();
  const expected = toJson(await metadataOf(file, OPTIONS));
  assert.equal(await metadataJsonOf(file, OPTIONS), expected);
  assert.equal(await metadataJsonOf(file, OPTIONS), expected);
  cache.close();
});

test('a base URL is written as it is, whatever a replacement could mean', async () => {
  const { cache, file } = await stored();
  const options = { ...OPTIONS, baseUrl: "http://one/$&/$'" };
  assert.equal(await metadataJsonOf(file, options), toJson(await metadataOf(file, options)));
  cache.close();
});

test('it is made once, whoever asks', async () => {
  const { cache, file } = await stored();
  const made: string[] = [];
  const counted: StoredFile = {
    ...file,
    keep: (kind, bytes) => {
      made.push(kind);
      file.keep(kind, bytes);
    },
  };
  for (const baseUrl of ['http://one', 'http://one', 'http://two']) {
    await metadataJsonOf(counted, { ...OPTIONS, baseUrl });
  }
  assert.equal(made.length, 1);
  cache.close();
});

test('each client gets the URLs that it sees, and nothing else is changed', async () => {
  const { cache, file } = await stored();
  await metadataJsonOf(file, OPTIONS);
  const other = JSON.parse(await metadataJsonOf(file, { ...OPTIONS, baseUrl: 'https://two/"x"' }));
  const root = 'https://two/"x"/studies/1.1/series/1.2/instances/1.3/bulkdata';
  assert.equal(other['7FE00010'].BulkDataURI, `${root}/7FE00010`);
  assert.equal(other['00091001'].BulkDataURI, `${root}/00091001`);
  assert.equal(other['00100010'].Value[0].Alphabetic, 'http://one/dicomweb');
  cache.close();
});

test('another limit of inline values makes another document', async () => {
  const { cache, file } = await stored();
  await metadataJsonOf(file, OPTIONS);
  const inline = JSON.parse(await metadataJsonOf(file, { ...OPTIONS, inlineBytes: 1000 }));
  assert.equal(inline['00091001'].InlineBinary.length, 136);
  cache.close();
});
