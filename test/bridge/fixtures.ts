// Instances made for the tests of the bridge.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { StoredFile } from '../../src/bridge/cache/cache.ts';
import type { IdentifiedInstance } from '../../src/bridge/cache/identify.ts';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';

export const CT = '1.2.840.10008.5.1.4.1.1.2';
export const SR = '1.2.840.10008.5.1.4.1.1.88.11';

export type Made = {
  study: string;
  series: string;
  instance: string;
  sopClass?: string;
  bytes?: number;
  more?: Dataset;
};

/** A small CT: its UIDs, a few attributes, and `bytes` of pixel data; with 0 it has no such attribute. */
export function datasetOf({ study, series, instance, sopClass = CT, bytes = 512, more = {} }: Made): Dataset {
  return {
    '00080016': { vr: 'UI', Value: [sopClass] },
    '00080018': { vr: 'UI', Value: [instance] },
    '00080060': { vr: 'CS', Value: ['CT'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Test^Phantom' }] },
    '00100020': { vr: 'LO', Value: ['T-1'] },
    '0020000D': { vr: 'UI', Value: [study] },
    '0020000E': { vr: 'UI', Value: [series] },
    '00200013': { vr: 'IS', Value: [1] },
    ...(bytes > 0 && { '7FE00010': { vr: 'OW', InlineBinary: new Uint8Array(bytes).fill(instance.length) } }),
    ...more,
  };
}

export function encoded(made: Made, transferSyntaxUid = ExplicitLittle): Buffer {
  return writeDataset(datasetOf(made), transferSyntaxUid);
}

/** A Part 10 file of it in a folder of its own, gone after the test. */
export async function instanceFile(t: TestContext, made: Made): Promise<string> {
  const { sopClass: sopClassUid = CT, instance: sopInstanceUid } = made;
  const meta = writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid: ExplicitLittle });
  const path = join(await emptyDir(t), 'instance.dcm');
  await writeFile(path, Buffer.concat([meta, encoded(made)]));
  return path;
}

/** As it comes out of `identify`, in chunks of `chunk` bytes. */
export function arriving(made: Made, { transferSyntaxUid = ExplicitLittle, chunk = 1000 } = {}): IdentifiedInstance {
  const bytes = encoded(made, transferSyntaxUid);
  return {
    sopClassUid: made.sopClass ?? CT,
    sopInstanceUid: made.instance,
    transferSyntaxUid,
    studyInstanceUid: made.study,
    seriesInstanceUid: made.series,
    body: chunks(bytes, chunk),
  };
}

export async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** An empty folder, gone after the test. */
export async function emptyDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'bridge-test-'));
  // Tried again: what is written behind may still come while it is removed.
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }));
  return dir;
}

export async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of all) found.push(one);
  return found;
}

/** SOP Instance UIDs in the order given; every file is released. */
export async function drain(all: AsyncIterable<StoredFile>): Promise<string[]> {
  const uids: string[] = [];
  for await (const file of all) {
    uids.push(file.sopInstanceUid);
    file.release();
  }
  return uids;
}
