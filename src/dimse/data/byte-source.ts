// Bytes that arrive in chunks, taken header by header and value by value.

import { ElementCursor, incomplete } from './element.ts';

/** Pulls from chunks only what is asked for; holds one chunk, or the few bytes of a header that two chunks share. */
export class ByteSource {
  /** Reads headers from the bytes that are there. */
  cursor = new ElementCursor(Buffer.alloc(0));
  private passed = 0;
  private readonly chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes taken since the beginning. */
  get position(): number {
    return this.passed + this.cursor.position;
  }

  get available(): number {
    return this.cursor.bytes.length - this.cursor.position;
  }

  /** Settles when `count` bytes are there, or the end; undefined when they are already. */
  fill(count: number): Promise<void> | undefined {
    return this.available >= count ? undefined : this.pull(count);
  }

  private async pull(count: number): Promise<void> {
    const { bytes, position } = this.cursor;
    const parts = position < bytes.length ? [bytes.subarray(position)] : [];
    let total = bytes.length - position;
    while (total < count) {
      const { done, value } = await this.chunks.next();
      if (done) break;
      parts.push(value);
      total += value.length;
    }
    const [first = Buffer.alloc(0), ...more] = parts;
    this.passed += position;
    this.cursor = new ElementCursor(more.length === 0 ? first : Buffer.concat(parts));
  }

  /** The next `count` bytes, which must be there. */
  take(count: number): Buffer {
    const { cursor } = this;
    if (this.available < count) throw incomplete();
    const start = cursor.position;
    cursor.position += count;
    return cursor.bytes.subarray(start, start + count);
  }

  /** Releases the chunks' source. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}
