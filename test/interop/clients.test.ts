// Clients as people have them (dicomweb-client of npm, undici, curl) against the gateway in front of Orthanc.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { generatedForArchives } from '../fixtures/interop-files.ts';
import type { Loaded } from '../support/archive-files.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type Peer, requirePeer, startOrthanc, tempDir } from '../support/peers.ts';
import { XmlHttpRequest } from '../support/xml-http-request.ts';

type Row = Record<string, { vr: string; Value?: unknown[]; BulkDataURI?: string }>;
type Names = { studyInstanceUID: string; seriesInstanceUID: string; sopInstanceUID: string };
type BrowserClient = {
  searchForStudies(options: object): Promise<Row[]>;
  searchForSeries(options: object): Promise<Row[]>;
  searchForInstances(options: object): Promise<Row[]>;
  retrieveStudyMetadata(options: object): Promise<Row[]>;
  retrieveSeriesMetadata(options: object): Promise<Row[]>;
  retrieveInstanceMetadata(options: object): Promise<Row[]>;
  retrieveInstanceFrames(options: object): Promise<ArrayBuffer[]>;
  retrieveInstanceRendered(options: object): Promise<ArrayBuffer[]>;
  retrieveInstanceThumbnail(options: object): Promise<ArrayBuffer[]>;
  retrieveInstance(options: object): Promise<ArrayBuffer>;
  retrieveSeries(options: object): Promise<ArrayBuffer[]>;
  retrieveBulkData(options: object): Promise<ArrayBuffer[]>;
  storeInstances(options: object): Promise<unknown>;
};

const { api } = createRequire(import.meta.url)('dicomweb-client') as {
  api: { DICOMwebClient: new (options: object) => BrowserClient };
};

const files = await generatedForArchives();
const EXPLICIT = '1.2.840.10008.1.2.1';
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff]);

describe('clients as people have them', () => {
  let peer: Peer;
  let gateway: RunningGateway;
  let client: BrowserClient;
  let dir: string;
  const [sample] = files.filter(({ transferSyntaxUid }) => transferSyntaxUid === EXPLICIT);
  assert.ok(sample);
  const names: Names = {
    studyInstanceUID: sample.study,
    seriesInstanceUID: sample.series,
    sopInstanceUID: sample.instance,
  };
  const inSeries = files.filter(({ series }) => series === sample.series);
  /** What is stored by a test, so not loaded. */
  const uploads: Loaded[] = files.filter(({ study }) => study !== sample.study).slice(0, 3);
  const urlOf = (one: Loaded): string =>
    `${gateway.url}/studies/${one.study}/series/${one.series}/instances/${one.instance}`;

  before(async () => {
    dir = await tempDir();
    peer = await startOrthanc({ files: files.filter((one) => !uploads.includes(one)).map(({ path }) => path) });
    gateway = await startGateway(undefined, [peer]);
    Object.assign(globalThis, { XMLHttpRequest: XmlHttpRequest });
    client = new api.DICOMwebClient({ url: gateway.url, verbose: false });
  });
  after(async () => {
    await gateway?.close();
    await peer?.stop();
  });

  test('dicomweb-client searches studies, series and instances', async () => {
    const { studyInstanceUID, seriesInstanceUID } = names;
    const queryParams = { StudyInstanceUID: studyInstanceUID, includefield: 'all', limit: 10 };
    const studies = await client.searchForStudies({ queryParams });
    assert.deepEqual(
      studies.map((row) => row['0020000D']?.Value),
      [[studyInstanceUID]],
    );
    const series = await client.searchForSeries({ studyInstanceUID });
    assert.ok(series.some((row) => row['0020000E']?.Value?.[0] === seriesInstanceUID));
    const instances = await client.searchForInstances({ studyInstanceUID, seriesInstanceUID });
    assert.equal(instances.length, inSeries.length);
  });

  test('dicomweb-client retrieves metadata at three levels', async () => {
    const [instance] = await client.retrieveInstanceMetadata(names);
    assert.deepEqual(instance?.['00080018']?.Value, [names.sopInstanceUID]);
    assert.equal((await client.retrieveSeriesMetadata(names)).length, inSeries.length);
    const study = await client.retrieveStudyMetadata(names);
    assert.equal(study.length, files.filter(({ study: one }) => one === sample.study).length);
  });

  test('dicomweb-client retrieves an instance, its frame and its bulk data, which agree', async () => {
    const instance = Buffer.from(await client.retrieveInstance(names));
    assert.equal(readFileMeta(instance).transferSyntaxUid, EXPLICIT);
    const [metadata] = await client.retrieveInstanceMetadata(names);
    const [bulk = new ArrayBuffer(0)] = await client.retrieveBulkData({
      BulkDataURI: metadata?.['7FE00010']?.BulkDataURI,
    });
    const [frame = new ArrayBuffer(0)] = await client.retrieveInstanceFrames({ ...names, frameNumbers: [1] });
    assert.ok(frame.byteLength > 0);
    assert.deepEqual(Buffer.from(frame), Buffer.from(bulk).subarray(0, frame.byteLength));
    assert.ok(instance.includes(Buffer.from(bulk)));
  });

  test('dicomweb-client retrieves a series, a part per instance', async () => {
    const parts = await client.retrieveSeries(names);
    const uids = parts.map((part) => readFileMeta(new Uint8Array(part)).sopInstanceUid);
    assert.deepEqual(uids.sort(), inSeries.map(({ instance }) => instance).sort());
  });

  test('dicomweb-client retrieves a picture and a thumbnail', async () => {
    const mediaTypes = [{ mediaType: 'image/jpeg' }];
    for (const [picture = new ArrayBuffer(0)] of [
      await client.retrieveInstanceRendered({ ...names, mediaTypes }),
      await client.retrieveInstanceThumbnail({ ...names, mediaTypes }),
    ]) {
      assert.ok(Buffer.from(picture).subarray(0, 3).equals(JPEG_START));
    }
  });

  test('dicomweb-client stores instances', async () => {
    const [first, second] = uploads;
    assert.ok(first && second);
    const datasets = [first, second].map(({ path }) => new Uint8Array(readFileSync(path)).buffer);
    await client.storeInstances({ datasets });
    const rows = await client.searchForInstances({ queryParams: { SOPInstanceUID: first.instance } });
    assert.equal(rows.length, 1);
  });

  test('undici: many frames at once on a few connections, each the same bytes, and 304 when asked again', async () => {
    const dispatcher = new Agent({ connections: 4, pipelining: 1 });
    const headers = { accept: 'application/octet-stream' };
    const ask = async (more: Record<string, string> = {}) => {
      const answer = await request(`${urlOf(sample)}/frames/1`, { dispatcher, headers: { ...headers, ...more } });
      return { ...answer, bytes: Buffer.from(await answer.body.arrayBuffer()) };
    };
    const answers = await Promise.all(Array.from({ length: 24 }, () => ask()));
    const [first] = answers;
    for (const { statusCode, bytes } of answers) {
      assert.equal(statusCode, 200);
      assert.deepEqual(bytes, first?.bytes);
    }
    const again = await ask({ 'if-none-match': String(first?.headers.etag) });
    assert.equal(again.statusCode, 304);
    await dispatcher.close();
  });

  test('undici: an upload of unknown length, streamed', async () => {
    const upload = uploads[2];
    assert.ok(upload);
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.from('--b\r\nContent-Type: application/dicom\r\n\r\n');
      yield readFileSync(upload?.path ?? '');
      yield Buffer.from('\r\n--b--\r\n');
    }
    const answer = await request(`${gateway.url}/studies/${upload.study}`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' },
      body: Readable.from(body()),
    });
    assert.equal(answer.statusCode, 200, await answer.body.text());
  });

  /** Runs curl; what it writes, and the status it was given. */
  async function curl(...args: string[]): Promise<{ status: number; bytes: Buffer }> {
    const output = join(dir, 'curl.out');
    const child = spawn(requirePeer('curl'), ['-sS', '-o', output, '-w', '%{http_code}', ...args]);
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await new Promise((resolve) => child.once('close', resolve));
    return { status: Number(said), bytes: readFileSync(output) };
  }

  test('curl: a search, metadata, an instance, a range of it, a picture', async () => {
    const search = await curl(`${gateway.url}/studies?StudyInstanceUID=${sample.study}`);
    assert.equal((JSON.parse(search.bytes.toString()) as Row[]).length, 1);
    const plain = await curl(`${urlOf(sample)}/metadata`);
    const coded = await curl('-H', 'Accept-Encoding: gzip', `${urlOf(sample)}/metadata`);
    assert.deepEqual(gunzipSync(coded.bytes), plain.bytes);
    const whole = await curl('-H', 'Accept: application/dicom; transfer-syntax=*', urlOf(sample));
    assert.equal(whole.status, 200);
    const range = ['-H', 'Accept: application/dicom; transfer-syntax=*', '-r', '128-131'];
    const part = await curl(...range, urlOf(sample));
    assert.deepEqual([part.status, part.bytes.toString()], [206, 'DICM']);
    const picture = await curl('-H', 'Accept: image/png', `${urlOf(sample)}/rendered`);
    assert.equal(picture.bytes.toString('latin1', 1, 4), 'PNG');
  });

  test('curl -F and --data-binary store files', async () => {
    const [upload] = uploads;
    assert.ok(upload);
    const form = await curl('-F', `file=@${upload.path}`, `${gateway.url}/studies`);
    assert.equal(form.status, 200, form.bytes.toString());
    const type = 'Content-Type: application/dicom';
    const bare = await curl('-H', type, '--data-binary', `@${upload.path}`, `${gateway.url}/studies`);
    assert.equal(bare.status, 200, bare.bytes.toString());
  });
});
