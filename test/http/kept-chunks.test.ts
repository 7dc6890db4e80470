// Who may keep a chunk for how long, held by an instance that arrives in small pieces, each read into the next buffer of a ring.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { FollowedFile } from '../../src/bridge/gateway.ts';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { writeMultipart } from '../../src/http/multipart-writer.ts';
import { createRing, UNDER_WAY } from '../../src/http/ring.ts';
import { openFile } from '../../src/http/stored-file.ts';
import { partsOf } from '../support/multipart.ts';
import { createFakeRenderer } from './fake-renderer.ts';

const DATA = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at ^ (at >> 8) ^ (at >> 16)) & 0xff));
/** Of pieces that are gathered, and of those that are passed on. */
const SIZES = [1000, 100_000];

/** An instance that comes by `piece` bytes. */
function arriving(piece: number): FollowedFile {
  return {
    path: '',
    dataOffset: 0,
    size: undefined,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    sopInstanceUid: '1.1.1.1',
    seriesInstanceUid: '1.1.1',
    studyInstanceUid: '1.1',
    transferSyntaxUid: ExplicitLittle,
    read: async (target, position) => DATA.copy(target, 0, position, position + piece),
    whole: () => Promise.reject(new Error('it has not come')),
    release: () => {},
  };
}

async function opened(piece: number): Promise<AsyncIterable<Buffer>> {
  const means = {
    renderer: createFakeRenderer(),
    ring: createRing(new PassThrough()),
    signal: AbortSignal.timeout(5000),
  };
  const any = [{ mediaType: 'application/dicom', transferSyntax: '*', multipart: false, named: false }];
  return (await openFile(arriving(piece), any, means)).bytes;
}

/** As a client gets them: a chunk is taken from its buffer only when as many are under way behind it as there may be. */
async function sent(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const underWay: Buffer[] = [];
  const taken: Buffer[] = [];
  const take = (left: number): void => {
    while (underWay.length > left) taken.push(Buffer.from(underWay.shift() ?? []));
  };
  for await (const chunk of chunks) {
    underWay.push(chunk);
    take(UNDER_WAY);
  }
  take(0);
  return Buffer.concat(taken);
}

const dataOf = (file: Buffer): Buffer => file.subarray(readFileMeta(file).dataOffset);

for (const piece of SIZES) {
  test(`an instance that arrives by ${piece} bytes is sent byte by byte as it is`, async () => {
    assert.ok(dataOf(await sent(await opened(piece))).equals(DATA));
  });

  test(`an instance that arrives by ${piece} bytes is sent byte by byte as it is in a part`, async () => {
    async function* parts() {
      yield { headers: { 'Content-Type': 'application/dicom' }, body: await opened(piece) };
    }
    const body = await sent(writeMultipart(parts(), 'b'));
    const [part] = partsOf('multipart/related; type="application/dicom"; boundary=b', body);
    assert.ok(part !== undefined && dataOf(part.body).equals(DATA));
  });
}
