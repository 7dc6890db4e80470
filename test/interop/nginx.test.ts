// nginx in front, as nginx.conf shows it: TLS, a path prefix, streams in both directions, and nobody believed but the proxy.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fetch } from 'undici';
import type { Attribute, Dataset } from '../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { Tag } from '../../src/dimse/data/tags.ts';
import { createUid } from '../../src/dimse/data/uid.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { interopFiles } from '../fixtures/interop-files.ts';
import { buildWeb, PATHS } from '../http/web.ts';
import { startGateway } from '../support/gateway.ts';
import { multipartOf, partsOf } from '../support/multipart.ts';
import { type Peer, startOrthanc } from '../support/peers.ts';
import { type Front, startNginx } from './nginx.ts';

const files = await interopFiles();
async function setUp(t: TestContext, loaded: string[]): Promise<Front & { peer: Peer }> {
  const peer = await startOrthanc({ files: loaded });
  t.after(() => peer.stop());
  const { origin } = await startGateway(t, [peer], { DICOMWEB_HTTP_TRUSTED_PROXIES: '127.0.0.1' });
  return { peer, ...(await startNginx(t, origin)) };
}

type Row = Record<string, { Value?: string[]; BulkDataURI?: string }>;

test('RetrieveURL, BulkDataURI and Content-Location lead back through the proxy', async (t) => {
  const file = files.find(({ name }) => /^(ct_ele|.*native)/.test(name)) ?? files[0];
  assert.ok(file);
  const { base, dispatcher } = await setUp(t, [file.path]);
  const get = (url: string, headers: Record<string, string> = {}) => fetch(url, { dispatcher, headers });
  const found = (await (await get(`${base}/dicomweb/studies?StudyInstanceUID=${file.study}`)).json()) as Row[];
  const retrieveUrl = found[0]?.['00081190']?.Value?.[0] ?? '';
  assert.equal(retrieveUrl, `${base}/dicomweb/studies/${file.study}`);

  const [metadata] = (await (await get(`${retrieveUrl}/metadata`)).json()) as Row[];
  const bulk = await get(metadata?.['7FE00010']?.BulkDataURI ?? 'no BulkDataURI');
  assert.equal(bulk.status, 200);
  await bulk.arrayBuffer();

  const study = await get(retrieveUrl, { accept: 'multipart/related; type="application/dicom"' });
  const [part] = partsOf(study.headers.get('content-type') ?? '', Buffer.from(await study.arrayBuffer()));
  const location = part?.headers['content-location'] ?? '';
  assert.ok(location.startsWith(`${retrieveUrl}/series/`), location);
  const again = await get(location);
  assert.equal(again.status, 200);
  await again.arrayBuffer();
});

test('an upload streams through the proxy, and its RetrieveURLs lead back through it', async (t) => {
  const sample = files.filter(({ instance }) => instance.length <= 64).slice(0, 20);
  const { base, dispatcher } = await setUp(t, []);
  const parts = sample.map(({ path }) => ({
    headers: { 'Content-Type': 'application/dicom' },
    body: readFileSync(path),
  }));
  const response = await fetch(`${base}/dicomweb/studies`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' },
    body: new Uint8Array(multipartOf('b', parts)),
  });
  const module = (await response.json()) as { '00081199': { Value: Row[] } };
  assert.equal(response.status, 200);
  const urls = module['00081199'].Value.map((row) => row['00081190']?.Value?.[0] ?? '');
  assert.equal(urls.length, sample.length);
  for (const url of urls) assert.ok(url.startsWith(`${base}/dicomweb/studies/`), url);
});

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const EXPLICIT = '1.2.840.10008.1.2.1';

/** A Part 10 file whose pixel data are `size` random bytes, and where it will be found. */
function largeInstance(size: number): { bytes: Buffer; path: string } {
  const [study, series, instance] = [createUid(), createUid(), createUid()];
  const number = (value: number): Attribute => ({ vr: 'US', Value: [value] });
  const dataset: Dataset = {
    [Tag.SOPClassUID]: { vr: 'UI', Value: [SECONDARY_CAPTURE] },
    [Tag.SOPInstanceUID]: { vr: 'UI', Value: [instance] },
    [Tag.PatientID]: { vr: 'LO', Value: ['LARGE'] },
    [Tag.StudyInstanceUID]: { vr: 'UI', Value: [study] },
    [Tag.SeriesInstanceUID]: { vr: 'UI', Value: [series] },
    [Tag.SamplesPerPixel]: number(1),
    [Tag.PhotometricInterpretation]: { vr: 'CS', Value: ['MONOCHROME2'] },
    [Tag.Rows]: number(4096),
    [Tag.Columns]: number(size / 4096),
    [Tag.BitsAllocated]: number(8),
    [Tag.BitsStored]: number(8),
    [Tag.HighBit]: number(7),
    [Tag.PixelRepresentation]: number(0),
    [Tag.PixelData]: { vr: 'OB', InlineBinary: randomBytes(size) },
  };
  const meta = writeFileMeta({
    sopClassUid: SECONDARY_CAPTURE,
    sopInstanceUid: instance,
    transferSyntaxUid: EXPLICIT,
  });
  const path = `/dicomweb/studies/${study}/series/${series}/instances/${instance}`;
  return { bytes: Buffer.concat([meta, writeDataset(dataset, EXPLICIT)]), path };
}

test('a large upload streams through the proxy and comes back whole', async (t) => {
  const { base, dispatcher } = await setUp(t, []);
  const size = 24 << 20;
  const { bytes, path } = largeInstance(size);
  const stored = await fetch(`${base}/dicomweb/studies`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/dicom' },
    body: bytes,
  });
  assert.equal(stored.status, 200, await stored.text());
  const accept = 'application/dicom; transfer-syntax=*';
  const answer = await fetch(base + path, { dispatcher, headers: { accept } });
  const back = Buffer.from(await answer.arrayBuffer());
  assert.ok(back.subarray(-size).equals(bytes.subarray(-size)));
});

test('an answer that breaks off behind the proxy breaks off in front of it', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const { base, dispatcher } = await startNginx(t, await app.listen({ host: '127.0.0.1', port: 0 }));
  gateway.failAfter = { instances: 2, error: new DicomError('aborted', 'the PACS went away') };
  const answer = await fetch(base + PATHS.native, { dispatcher });
  assert.equal(answer.status, 200);
  await assert.rejects(answer.arrayBuffer());
});

test('what a client says of itself is believed of no one but the proxy', async (t) => {
  const { app } = await buildWeb(t, { trustedProxies: ['127.0.0.1'] });
  const { base, dispatcher } = await startNginx(t, await app.listen({ host: '127.0.0.1', port: 0 }));
  const locationOf = async (headers: Record<string, string>): Promise<string> => {
    const answer = await fetch(`${base}${PATHS.native}/metadata`, { dispatcher, headers });
    await answer.arrayBuffer();
    return answer.headers.get('content-location') ?? '';
  };
  const expected = `${base}${PATHS.native}/metadata`;
  for (const headers of [
    { forwarded: 'host=evil.example;proto=http' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-prefix': '/evil' },
  ]) {
    assert.equal(await locationOf(headers), expected, JSON.stringify(headers));
  }
});

test('the documentation page and its document are found behind the prefix', async (t) => {
  const { app } = await buildWeb(t, { trustedProxies: ['127.0.0.1'] });
  const { base, dispatcher } = await startNginx(t, await app.listen({ host: '127.0.0.1', port: 0 }));
  const moved = await fetch(`${base}/docs/static/index.html`, { dispatcher });
  assert.deepEqual([moved.url, moved.status], [`${base}/docs/`, 200]);
  await moved.arrayBuffer();
  const page = await fetch(`${base}/docs`, { dispatcher });
  assert.equal(page.url, `${base}/docs/`);
  const urls = [...(await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, one]) => new URL(one ?? '', page.url),
  );
  assert.ok(urls.length > 4);
  const script = urls.find(({ pathname }) => pathname.endsWith('initializer.js'))?.href ?? '';
  const named = /"url":"([^"]+)"/.exec(await (await fetch(script, { dispatcher })).text())?.[1] ?? '';
  for (const url of [...urls, new URL(named, page.url)]) {
    const answer = await fetch(url, { dispatcher });
    assert.equal(answer.status, 200, url.href);
    await answer.arrayBuffer();
  }
  const contract = (await (await fetch(new URL(named, page.url), { dispatcher })).json()) as {
    servers: { url: string }[];
  };
  assert.equal(contract.servers[0]?.url, `${base}/dicomweb`);
});
