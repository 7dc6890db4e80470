// A data set from one transfer syntax to another without touching its values (PS3.5 7.1, Annex A): headers are rewritten,
// words swapped, the deflated syntax inflated. Streaming: values of any length pass through in chunks.

import { DicomError } from '../errors.ts';
import { ByteSource } from './byte-source.ts';
import { deflatedChunks, inflatedChunks } from './deflate-stream.ts';
import { type VrContext, vrOf } from './dictionary.ts';
import {
  corrupt,
  type ElementCursor,
  type Encoding,
  elementHeader,
  ITEM,
  ITEM_END,
  incomplete,
  MAX_DEPTH,
  SEQUENCE_END,
} from './element.ts';
import { actualEncoding } from './sniff.ts';
import { tagText } from './tag-text.ts';
import { type TransferSyntax, transferSyntax } from './transfer-syntax.ts';
import { littleEndian, wordSize } from './values.ts';
import { VRS, type VrProperties } from './vr.ts';

/** The largest value that a 16-bit length can give: FFFEH, being even (PS3.5 6.2.2). */
const LARGEST_SHORT = 65534;
const SMALLEST_HEADER = 8;
const LARGEST_HEADER = 12;
const BATCH = 64 * 1024;
const PIXEL_DATA = 0x7fe00010;

/** Attributes that decide the VR of others where implicit VR leaves it open. */
const CONTEXT: Record<number, keyof VrContext> = {
  2621699: 'pixelRepresentation',
  2621696: 'bitsAllocated',
  2633730: 'lutEntries',
};

/** A data set, item, sequence or run of fragments that is being passed on. */
type Level = {
  kind: 'elements' | 'items' | 'fragments';
  tag: number;
  /** Where it ends in the source; -1 at its delimitation item. */
  end: number;
  from: Encoding;
  to: Encoding;
  /** The delimitation item that ends it in the target; undefined where its length says so. */
  closing: number | undefined;
  context: VrContext;
};

const IMPLICIT: Encoding = { explicit: false, little: true };

function isSame(a: Encoding, b: Encoding): boolean {
  return a.explicit === b.explicit && a.little === b.little;
}

/** Whether nothing is left, or padding of the file. */
function isZeros({ bytes, position }: ElementCursor): boolean {
  return bytes.subarray(position).every((byte) => byte === 0);
}

/** Passes one data set on, element by element; what is ready stands in `parts`. */
class Recoder {
  readonly source: ByteSource;
  private readonly levels: Level[];
  private parts: Buffer[] = [];
  private ready = 0;
  /** Of the value that is passing through: bytes still to come, and the words to swap. */
  private remaining = 0;
  private unit: VrProperties['size'] = 1;

  constructor(source: ByteSource, from: Encoding, to: Encoding) {
    this.source = source;
    const end = Number.POSITIVE_INFINITY;
    this.levels = [{ kind: 'elements', tag: 0, end, from, to, closing: undefined, context: {} }];
  }

  async *run(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      if (this.remaining > 0) await this.passValue();
      else if (!(await this.passHeader())) break;
      if (this.ready >= BATCH) yield this.flush();
    }
    if (this.ready > 0) yield this.flush();
  }

  private flush(): Buffer {
    const [first, ...more] = this.parts;
    const bytes = first && more.length === 0 ? first : Buffer.concat(this.parts);
    this.parts = [];
    this.ready = 0;
    return bytes;
  }

  private put(bytes: Buffer): void {
    this.parts.push(bytes);
    this.ready += bytes.length;
  }

  private async passValue(): Promise<void> {
    const { source, unit } = this;
    await source.fill(Math.min(this.remaining, unit));
    let count = Math.min(source.available, this.remaining);
    if (count < this.remaining) count -= count % unit;
    if (count === 0) throw incomplete();
    this.put(littleEndian(source.take(count), unit));
    this.remaining -= count;
  }

  /** Passes the next header on; false at the end of the data set. */
  private async passHeader(): Promise<boolean> {
    const { source } = this;
    const level = this.closeEnded();
    await source.fill(LARGEST_HEADER);
    const { cursor } = source;
    if (this.levels.length === 1 && source.available < SMALLEST_HEADER && isZeros(cursor)) return false;
    const start = cursor.position;
    cursor.next(level.kind === 'elements' && level.from.explicit, level.from.little);
    const raw = cursor.bytes.subarray(start, cursor.position);
    if (level.kind === 'elements') await this.passElement(level, raw);
    else this.passItem(level, raw);
    return true;
  }

  /** Ends the levels whose length is used up; gives the one that goes on. */
  private closeEnded(): Level {
    for (;;) {
      const level = this.levels.at(-1) as Level;
      if (level.end < 0 || this.source.position < level.end) return level;
      if (this.source.position > level.end) throw corrupt(level.tag, 'An element is longer than its item');
      this.close(level);
    }
  }

  private close({ closing, to }: Level): void {
    this.levels.pop();
    if (closing !== undefined) this.put(elementHeader(closing, undefined, 0, to.little));
  }

  private open(level: Level): void {
    if (this.levels.length > MAX_DEPTH * 2) {
      throw new DicomError('too-large', 'Sequences are nested too deep', { field: tagText(level.tag) });
    }
    this.levels.push(level);
  }

  private passItem(level: Level, raw: Buffer): void {
    const { cursor } = this.source;
    const { tag, length } = cursor;
    if (tag === SEQUENCE_END) {
      if (level.end < 0) this.close(level);
      return;
    }
    if (tag !== ITEM) throw corrupt(level.tag, 'Something else than an item');
    if (level.kind === 'fragments') {
      if (length < 0) throw corrupt(level.tag, 'A fragment of undefined length');
      this.put(raw);
      this.passBytes(length, 1);
      return;
    }
    const keeps = length >= 0 && level.from.explicit === level.to.explicit;
    this.put(elementHeader(ITEM, undefined, keeps ? length : -1, level.to.little));
    const end = length < 0 ? -1 : this.source.position + length;
    this.open({
      ...level,
      kind: 'elements',
      end,
      closing: keeps ? undefined : ITEM_END,
      context: { ...level.context },
    });
  }

  private passBytes(length: number, unit: VrProperties['size']): void {
    this.remaining = length;
    this.unit = unit;
  }

  private async passElement(level: Level, raw: Buffer): Promise<void> {
    const { tag, length } = this.source.cursor;
    const { from, to } = level;
    if (tag >= ITEM) {
      if (tag === ITEM_END && level.end < 0) this.close(level);
      return;
    }
    if ((tag & 0xffff) === 0 && from.explicit !== to.explicit) {
      await this.drop(length);
      return;
    }
    const properties = this.vrOf(level);
    if (length < 0 || properties.kind === 'sequence') {
      this.passSequence(level, properties);
      return;
    }
    if (this.source.position + length > level.end && level.end >= 0)
      throw corrupt(tag, 'An element is longer than its item');
    const tooLong = to.explicit && !properties.long && length > LARGEST_SHORT;
    this.put(
      isSame(from, to)
        ? raw
        : elementHeader(tag, to.explicit ? (tooLong ? VRS.UN : properties) : undefined, length, to.little),
    );
    await this.learn(level, tag, length);
    this.passBytes(length, from.little === to.little ? 1 : wordSize(tag, properties, level.context.bitsAllocated));
  }

  private passSequence({ from, to, context, end: limit }: Level, properties: VrProperties): void {
    const { tag, length } = this.source.cursor;
    const fragments = properties.kind === 'binary' && (properties.vr !== 'UN' || tag === PIXEL_DATA);
    // UN of undefined length holds implicit VR items, whatever surrounds it, and stays as it is (PS3.5 6.2.2)
    const unknown = properties.vr === 'UN' && !fragments;
    const inner = unknown ? { from: IMPLICIT, to: IMPLICIT } : { from, to };
    const keeps = length >= 0 && from.explicit === to.explicit;
    const end = length < 0 ? -1 : this.source.position + length;
    if (limit >= 0 && end > limit) throw corrupt(tag, 'A sequence is longer than its item');
    this.put(elementHeader(tag, to.explicit ? properties : undefined, keeps ? length : -1, to.little));
    const closing = keeps ? undefined : SEQUENCE_END;
    this.open({ kind: fragments ? 'fragments' : 'items', tag, end, ...inner, closing, context });
  }

  /** Group lengths are wrong once headers have changed (PS3.5 7.2). */
  private async drop(length: number): Promise<void> {
    await this.source.fill(length);
    this.source.take(Math.max(0, length));
  }

  private async learn({ context, from }: Level, tag: number, length: number): Promise<void> {
    const key = CONTEXT[tag];
    if (key === undefined || length < 2) return;
    await this.source.fill(2);
    const { view, position } = this.source.cursor;
    if (position + 2 <= view.byteLength) context[key] = view.getUint16(position, from.little);
  }

  private vrOf({ context }: Level): VrProperties {
    const { vr, tag, length } = this.source.cursor;
    if (vr !== undefined) return vr;
    const implied = VRS[vrOf(tagText(tag), context)];
    return length < 0 && tag !== PIXEL_DATA && (implied.vr === 'UN' || implied.kind !== 'binary') ? VRS.SQ : implied;
  }
}

function encodingOf({ explicit, endian }: TransferSyntax): Encoding {
  return { explicit, little: endian === 'little' };
}

function knownSyntax(uid: string): TransferSyntax {
  const syntax = transferSyntax(uid);
  if (syntax) return syntax;
  throw new DicomError('not-acceptable', `Transfer syntax ${uid} is not known`, { field: 'transfer-syntax' });
}

/**
 * Passes a data set on in another transfer syntax, values unchanged: between the native syntaxes (implicit, explicit, big
 * endian, deflated), or from a syntax to itself. Where the form of headers changes, sequences get undefined length and group
 * lengths are dropped; values too long for a 16-bit length become UN. Memory stays bounded by the chunks given.
 * @throws DicomError `not-acceptable` at the first step for other pairs (pixel data would have to be decoded); `corrupt`;
 *   `too-large`
 */
export async function* reencode(
  body: AsyncIterable<Buffer>,
  fromTransferSyntaxUid: string,
  toTransferSyntaxUid: string,
): AsyncGenerator<Buffer, void, undefined> {
  const from = knownSyntax(fromTransferSyntaxUid);
  const to = knownSyntax(toTransferSyntaxUid);
  if (from !== to && (from.encapsulated || to.encapsulated)) {
    const message = `Pixel data in ${from.uid} would have to be decoded or encoded`;
    throw new DicomError('not-acceptable', message, { field: 'transfer-syntax' });
  }
  if (from === to && from.deflated) {
    yield* body;
    return;
  }
  const recoded = recode(from.deflated ? inflatedChunks(body) : body, encodingOf(from), encodingOf(to));
  yield* to.deflated ? deflatedChunks(recoded) : recoded;
}

async function* recode(
  chunks: AsyncIterable<Buffer>,
  from: Encoding,
  to: Encoding,
): AsyncGenerator<Buffer, void, undefined> {
  const source = new ByteSource(chunks);
  try {
    await source.fill(LARGEST_HEADER);
    yield* new Recoder(source, actualEncoding(source.cursor.bytes, from), to).run();
  } finally {
    await source.close();
  }
}

/** `reencode` for a data set that is in memory. */
export async function convertDataset(
  bytes: Uint8Array,
  fromTransferSyntaxUid: string,
  toTransferSyntaxUid: string,
): Promise<Buffer> {
  const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Buffer[] = [];
  for await (const part of reencode(once(chunk), fromTransferSyntaxUid, toTransferSyntaxUid)) chunks.push(part);
  return Buffer.concat(chunks);
}

async function* once(chunk: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield chunk;
}
