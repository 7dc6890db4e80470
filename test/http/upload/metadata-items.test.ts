// How bulk data and the metadata that refer to them are brought together (10.5.1.4, 8.4.2: URI references).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UPLOAD_LIMITS } from '../../../src/bridge/config/schema.ts';
import { parseMediaType } from '../../../src/http/media-type.ts';
import { metadataItems } from '../../../src/http/upload/metadata-items.ts';
import type { UploadPart } from '../../../src/http/upload/store-items.ts';

const uids = (instance: string) => ({
  '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.7'] },
  '00080018': { vr: 'UI', Value: [instance] },
  '0020000D': { vr: 'UI', Value: ['1.1'] },
  '0020000E': { vr: 'UI', Value: ['1.1.1'] },
});

function part(type: string, body: string | Buffer, location?: string): UploadPart {
  const chunks = async function* () {
    yield Buffer.from(body);
  };
  return { type: parseMediaType(type), body: chunks(), ...(location === undefined ? {} : { location }) };
}

const json = (...datasets: object[]): UploadPart => part('application/dicom+json', JSON.stringify(datasets));
const octets = (body: string, location: string): UploadPart => part('application/octet-stream', body, location);
const withPixels = (uri: string, instance = '1.1.1.1') => ({
  ...uids(instance),
  '7FE00010': { vr: 'OB', BulkDataURI: uri },
});

/** What each item ends with, or the failure that it is. */
async function endings(parts: UploadPart[], limits = UPLOAD_LIMITS): Promise<(string | number)[]> {
  async function* given() {
    yield* parts;
  }
  const found: (string | number)[] = [];
  for await (const item of metadataItems(given(), limits)) {
    if (!('body' in item)) found.push(item.failure);
    else {
      const chunks: Buffer[] = [];
      for await (const chunk of item.body) chunks.push(chunk);
      found.push(Buffer.concat(chunks).subarray(-4).toString());
    }
  }
  return found;
}

for (const [uri, location] of [
  ['a/b', 'a/b'],
  ['a/b', './a/b'],
  ['a/b', 'a/b#part'],
  ['a/b#value', 'a/b'],
  ['http://PACS.example/a', 'http://pacs.example:80/a'],
  ['a', 'a/frames/1'],
  ['urn:x:y', 'urn:x:y'],
] as const) {
  test(`S-10 bulk data at ${location} are those of ${uri}`, async () => {
    assert.deepEqual(await endings([json(withPixels(uri)), octets('PIXL', location)]), ['PIXL']);
  });
}

for (const [uri, location] of [
  ['a', 'b'],
  ['a', 'A'],
  ['a?x=1', 'a?x=2'],
  ['a', 'a/frames/x'],
  ['a', 'a/frames/1/more'],
] as const) {
  test(`S-10 bulk data at ${location} are not those of ${uri}`, async () => {
    assert.deepEqual(await endings([json(withPixels(uri)), octets('PIXL', location)]), [0xc000]);
  });
}

test('MP-6 bulk data may come before the metadata', async () => {
  assert.deepEqual(await endings([octets('PIXL', 'a'), json(withPixels('a'))]), ['PIXL']);
});

test('S-12 frames stand in the order of their parts', async () => {
  const frames = [octets('12', 'a/frames/1'), octets('34', 'a/frames/2')];
  assert.deepEqual(await endings([json(withPixels('a')), ...frames]), ['1234']);
});

test('S-8 an instance whose bulk data are missing fails alone', async () => {
  const datasets = [withPixels('a', '1.1.1.1'), withPixels('nowhere', '1.1.1.2'), withPixels('b', '1.1.1.3')];
  assert.deepEqual(await endings([json(...datasets), octets('ONE_', 'a'), octets('TWO_', 'b')]), [
    'ONE_',
    0xc000,
    'TWO_',
  ]);
});

test('S-10 one data set of JSON need not be in an array', async () => {
  const alone = part('application/dicom+json', JSON.stringify(withPixels('a')));
  assert.deepEqual(await endings([alone, octets('PIXL', 'a')]), ['PIXL']);
});

test('metadata may be as long as the limit, and no longer; what is no UTF-8 is malformed', async () => {
  const text = JSON.stringify([withPixels('a')]);
  const parts = () => [part('application/dicom+json', text), octets('PIXL', 'a')];
  assert.deepEqual(await endings(parts(), { ...UPLOAD_LIMITS, maxMetadataBytes: text.length }), ['PIXL']);
  const less = { ...UPLOAD_LIMITS, maxMetadataBytes: text.length - 1 };
  await assert.rejects(endings(parts(), less), { kind: 'too-large' });
  await assert.rejects(endings([part('application/dicom+json', Buffer.from([0x22, 0xff, 0x22]))]), {
    kind: 'malformed',
  });
});
