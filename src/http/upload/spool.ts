// Bytes of an upload that must wait until more of it is there: in memory while they are few, on disk beyond that. Private to
// the request, gone with it.

import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes kept. */
export type Spooled = {
  length: number;
  /** The first bytes, for looking at what they are. */
  head: Buffer;
  read(): AsyncIterable<Buffer>;
};

const HEAD = 64 * 1024;
const CHUNK = 1024 * 1024;
/** Of all that one spool keeps, what may stay in memory. */
const IN_MEMORY = 8 * 1024 * 1024;

/** Keeps bytes; `remove` lets go of them. */
export class Spool {
  private dir: string | undefined;
  private count = 0;
  private room = IN_MEMORY;

  /** Keeps `chunks`; their number and size are bounded by whoever gives them. */
  async keep(chunks: AsyncIterable<Buffer>): Promise<Spooled> {
    const held: Buffer[] = [];
    let length = 0;
    const source = chunks[Symbol.asyncIterator]();
    while (this.room > length) {
      const { done, value } = await source.next();
      if (done === true) {
        this.room -= length;
        return { length, head: headOf(held), read: () => each(held) };
      }
      held.push(value);
      length += value.length;
    }
    const written = await this.write(each(held, source));
    return {
      length: written.length,
      head: headOf(held),
      read: () => createReadStream(written.path, { highWaterMark: CHUNK }),
    };
  }

  /** Writes `chunks` to a file, and tells which. */
  async write(chunks: AsyncIterable<Buffer>): Promise<{ path: string; length: number }> {
    this.dir ??= await mkdtemp(join(tmpdir(), 'dicomweb-upload-'));
    const path = join(this.dir, String(this.count++));
    const file = await open(path, 'wx', 0o600);
    let length = 0;
    try {
      for await (const chunk of chunks) {
        await file.writeFile(chunk);
        length += chunk.length;
      }
    } finally {
      await file.close();
    }
    return { path, length };
  }

  async remove(): Promise<void> {
    if (this.dir !== undefined) await rm(this.dir, { recursive: true, force: true });
  }
}

function headOf(chunks: readonly Buffer[]): Buffer {
  return Buffer.concat(chunks).subarray(0, HEAD);
}

async function* each(chunks: readonly Buffer[], rest?: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield* chunks;
  for (let next = await rest?.next(); next !== undefined && next.done !== true; next = await rest?.next()) {
    yield next.value;
  }
}
