// Bulk data of an upload on disk, until the instances it belongs to are complete. Private to the request, gone with it.

import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes kept on disk. */
export type Spooled = {
  length: number;
  /** The first bytes, for looking at what they are. */
  head: Buffer;
  read(): AsyncIterable<Buffer>;
};

const HEAD = 64 * 1024;
const CHUNK = 1024 * 1024;

/** A folder of spooled bytes; `remove` deletes it. */
export class Spool {
  private readonly dir: string;
  private count = 0;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(): Promise<Spool> {
    return new Spool(await mkdtemp(join(tmpdir(), 'dicomweb-upload-')));
  }

  /** Writes `chunks` to disk; their number and size are bounded by whoever gives them. */
  async keep(chunks: AsyncIterable<Buffer>): Promise<Spooled> {
    const path = join(this.dir, String(this.count++));
    const file = await open(path, 'wx', 0o600);
    const heads: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of chunks) {
        if (length < HEAD) heads.push(Buffer.from(chunk.subarray(0, HEAD - length)));
        await file.writeFile(chunk);
        length += chunk.length;
      }
    } finally {
      await file.close();
    }
    return { length, head: Buffer.concat(heads), read: () => createReadStream(path, { highWaterMark: CHUNK }) };
  }

  remove(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }
}
