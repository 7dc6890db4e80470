// The passing on of a data set: headers read in one encoding and written in another, values let through.

import { DicomError } from '../errors.ts';
import { ByteSource } from './byte-source.ts';
import { vrOf } from './dictionary.ts';
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
import { CONTEXT, type Level, type OddLengths } from './recode-level.ts';
import { tagText } from './tag-text.ts';
import { littleEndian, wordSize } from './values.ts';
import { VRS, type VrProperties } from './vr.ts';

/** The largest value that a 16-bit length can give: FFFEH, being even (PS3.5 6.2.2). */
const LARGEST_SHORT = 65534;
const SMALLEST_HEADER = 8;
const LARGEST_HEADER = 12;
const BATCH = 64 * 1024;
/** From here on handing a piece over as it is costs less than copying it beside others. */
const LARGE = 16 * 1024;
const PIXEL_DATA = 0x7fe00010;
const IMPLICIT: Encoding = { explicit: false, little: true };

/** Sequences and items with a length are held up to this size, to see whether anything in them is odd. */
const HELD = 4 * 1024 * 1024;

/** A sequence or item with a length: its header, and what begins and ends it without a length. */
type Held = { raw: Buffer; length: number; open: Buffer; closing: number };

/** A Basic Offset Table is held to see whether its offsets are odd; 4 bytes a frame. */
const HELD_TABLE = 16 * 1024 * 1024;

function isSame(a: Encoding, b: Encoding): boolean {
  return a.explicit === b.explicit && a.little === b.little;
}

/** Whether nothing is left, or padding of the file. */
function isZeros({ bytes, position }: ElementCursor): boolean {
  return bytes.subarray(position).every((byte) => byte === 0);
}

/** Passes one data set on, element by element; what is done stands in `ready`. */
export class Recoder {
  readonly source: ByteSource;
  /** Whether an odd length was met and made even. */
  hasPadded = false;
  private readonly odd: OddLengths;
  private readonly levels: Level[];
  /** Small pieces, and their bytes; and what goes out next. */
  private small: Buffer[] = [];
  private size = 0;
  private ready: Buffer[] = [];
  /** Of the value that is passing through: bytes still to come, and the words to swap. */
  private remaining = 0;
  private unit: VrProperties['size'] = 1;
  private dropping = false;
  /** The byte that makes it even. */
  private pad: number | undefined;

  constructor(source: ByteSource, level: Pick<Level, 'from' | 'to'> & Partial<Level>, odd: OddLengths) {
    this.source = source;
    this.odd = odd;
    this.levels = [
      { kind: 'elements', tag: 0, closing: undefined, context: {}, ...level, end: Number.POSITIVE_INFINITY },
    ];
  }

  async *run(): AsyncGenerator<Buffer, void, undefined> {
    const { source } = this;
    for (;;) {
      // Nearly all lies ready: a wait for each element would cost more than passing it on.
      const awaited = source.fill(this.remaining > 0 ? Math.min(this.remaining, this.unit) : LARGEST_HEADER);
      if (awaited !== undefined) await awaited;
      if (this.remaining > 0) this.passValue();
      else {
        const level = this.closeEnded();
        if (this.isOver()) break;
        const passed = this.passHeader(level);
        if (passed !== undefined) await passed;
      }
      for (const piece of this.taken()) yield piece;
    }
    this.gather();
    for (const piece of this.taken()) yield piece;
  }

  private taken(): readonly Buffer[] {
    return this.ready.length === 0 ? this.ready : this.ready.splice(0);
  }

  private put(bytes: Buffer): void {
    if (bytes.length < LARGE) {
      this.small.push(bytes);
      this.size += bytes.length;
      if (this.size >= BATCH) this.gather();
    } else {
      this.gather();
      this.ready.push(bytes);
    }
  }

  /** Makes one piece of the small ones. */
  private gather(): void {
    if (this.size > 0) this.ready.push(Buffer.concat(this.small, this.size));
    this.small = [];
    this.size = 0;
  }

  /** Passes on what is there of the value under way. */
  private passValue(): void {
    const { source, unit } = this;
    let count = Math.min(source.available, this.remaining);
    if (count < this.remaining) count -= count % unit;
    if (count === 0) throw incomplete();
    const bytes = source.take(count);
    this.remaining -= count;
    if (!this.dropping) this.put(littleEndian(bytes, unit));
    if (this.remaining === 0 && this.pad !== undefined) this.put(Buffer.of(this.pad));
  }

  /** The data set has ended; a header has been asked for. */
  private isOver(): boolean {
    const { available, cursor } = this.source;
    return this.levels.length === 1 && available < SMALLEST_HEADER && isZeros(cursor);
  }

  /** Passes the next header on, which is there or never will be. */
  private passHeader(level: Level): Promise<void> | undefined {
    const { cursor } = this.source;
    const start = cursor.position;
    cursor.next(level.kind === 'elements' && level.from.explicit, level.from.little);
    const raw = cursor.bytes.subarray(start, cursor.position);
    if (level.kind === 'elements') return this.passElement(level, raw);
    return level.kind === 'fragments' ? this.passFragment(level, raw) : this.passItem(level, raw);
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

  private async passItem(level: Level, raw: Buffer): Promise<void> {
    const { tag, length } = this.source.cursor;
    if (tag === SEQUENCE_END) {
      if (level.end < 0) this.close(level);
      return;
    }
    if (tag !== ITEM) throw corrupt(level.tag, 'Something else than an item');
    const end = length < 0 ? -1 : this.source.position + length;
    const inner: Level = { ...level, kind: 'elements', end, context: { ...level.context } };
    const open = elementHeader(ITEM, undefined, -1, level.to.little);
    if (this.holds(level, length)) {
      await this.passHeld(inner, { raw, length, open, closing: ITEM_END });
      return;
    }
    const keeps = this.keepsLength(level, length);
    this.put(keeps ? elementHeader(ITEM, undefined, length, level.to.little) : open);
    this.open({ ...inner, closing: keeps ? undefined : ITEM_END });
  }

  private async passFragment(level: Level, raw: Buffer): Promise<void> {
    const { tag, length } = this.source.cursor;
    if (tag === SEQUENCE_END) {
      this.close(level);
      return;
    }
    if (tag !== ITEM || length < 0) throw corrupt(level.tag, 'Something else than a fragment');
    const isTable = !level.hasTable;
    level.hasTable = true;
    if (isTable && (await this.passOddTable(level, length))) return;
    this.put(this.isOdd(length) ? elementHeader(ITEM, undefined, length + 1, level.to.little) : raw);
    this.passBytes(length, 1, 0);
  }

  /** Offsets that count odd fragments are wrong once those are even: an empty table in their place (PS3.5 A.4). */
  private async passOddTable(level: Level, length: number): Promise<boolean> {
    if (this.odd === 'kept' || length > HELD_TABLE) return false;
    await this.source.fill(length);
    const { bytes, position } = this.source.cursor;
    const table = bytes.subarray(position, position + length);
    if (!table.some((byte, index) => index % 4 === 0 && byte % 2 === 1)) return false;
    this.source.take(length);
    this.hasPadded = true;
    this.put(elementHeader(ITEM, undefined, 0, level.to.little));
    return true;
  }

  private keepsLength({ from, to }: Level, length: number): boolean {
    return length >= 0 && from.explicit === to.explicit && this.odd === 'kept';
  }

  private isOdd(length: number): boolean {
    if (this.odd === 'kept' || length % 2 === 0) return false;
    this.hasPadded = true;
    return true;
  }

  private passBytes(length: number, unit: VrProperties['size'], pad: number): void {
    this.remaining = length;
    this.unit = unit;
    this.dropping = false;
    this.pad = this.isOdd(length) ? pad : undefined;
  }

  /** Group lengths are wrong once headers have changed (PS3.5 7.2). */
  private dropBytes(length: number): void {
    this.remaining = Math.max(0, length);
    this.unit = 1;
    this.dropping = true;
    this.pad = undefined;
  }

  private passElement(level: Level, raw: Buffer): Promise<void> | undefined {
    const { tag, length } = this.source.cursor;
    const { from, to } = level;
    if (tag >= ITEM) {
      if (tag === ITEM_END && level.end < 0) this.close(level);
      return undefined;
    }
    if ((tag & 0xffff) === 0 && from.explicit !== to.explicit) {
      this.dropBytes(length);
      return undefined;
    }
    const properties = this.vrOf(level);
    if (length < 0 || properties.kind === 'sequence') return this.passSequence(level, properties, raw);
    if (level.end >= 0 && this.source.position + length > level.end) {
      throw corrupt(tag, 'An element is longer than its item');
    }
    this.put(this.headerOf(level, properties, raw));
    const unit = from.little === to.little ? 1 : wordSize(tag, properties, level.context.bitsAllocated);
    this.passBytes(length, unit, properties.pad);
    return CONTEXT[tag] === undefined || length < 2 ? undefined : this.learn(level, tag);
  }

  /** The header of a value with its length, which is even, and with a VR that has room for it. */
  private headerOf({ from, to }: Level, properties: VrProperties, raw: Buffer): Buffer {
    const { tag, vr, length } = this.source.cursor;
    const odd = this.isOdd(length);
    if (isSame(from, to) && !odd) return raw;
    const even = odd ? length + 1 : length;
    const isStray = isSame(from, to) && vr === undefined;
    if (!to.explicit || isStray) return elementHeader(tag, undefined, even, to.little);
    return elementHeader(tag, !properties.long && even > LARGEST_SHORT ? VRS.UN : properties, even, to.little);
  }

  private async passSequence(level: Level, properties: VrProperties, raw: Buffer): Promise<void> {
    const { tag, length } = this.source.cursor;
    const { from, to, context, end: limit } = level;
    const fragments = properties.kind === 'binary' && (properties.vr !== 'UN' || tag === PIXEL_DATA);
    // UN of undefined length holds implicit VR items, whatever surrounds it, and stays as it is (PS3.5 6.2.2)
    const unknown = properties.vr === 'UN' && !fragments;
    const inner = unknown ? { from: IMPLICIT, to: IMPLICIT } : { from, to };
    const end = length < 0 ? -1 : this.source.position + length;
    if (limit >= 0 && end > limit) throw corrupt(tag, 'A sequence is longer than its item');
    const open = elementHeader(tag, to.explicit ? properties : undefined, -1, to.little);
    if (this.holds(level, length)) {
      await this.passHeld({ ...level, kind: 'items', tag }, { raw, length, open, closing: SEQUENCE_END });
      return;
    }
    const keeps = this.keepsLength(level, length);
    this.put(keeps ? elementHeader(tag, to.explicit ? properties : undefined, length, to.little) : open);
    const closing = keeps ? undefined : SEQUENCE_END;
    this.open({ kind: fragments ? 'fragments' : 'items', tag, end, ...inner, closing, context });
  }

  private holds({ from, to }: Level, length: number): boolean {
    return this.odd === 'padded' && isSame(from, to) && length >= 0 && length <= HELD;
  }

  /** Passes a sequence or item with a length as it is when nothing in it is odd; else with undefined lengths, all even. */
  private async passHeld(level: Level, { raw, length, open, closing }: Held): Promise<void> {
    await this.source.fill(length);
    const bytes = this.source.take(length);
    const recoder = new Recoder(new ByteSource(once(bytes)), level, 'opened');
    const parts: Buffer[] = [];
    for await (const part of recoder.run()) parts.push(part);
    if (!recoder.hasPadded) {
      this.put(raw);
      this.put(bytes);
      return;
    }
    this.hasPadded = true;
    for (const part of [open, ...parts, elementHeader(closing, undefined, 0, level.to.little)]) this.put(part);
  }

  /** Reads, before it is passed on, the value of an element that others depend on. */
  private async learn({ context, from }: Level, tag: number): Promise<void> {
    const key = CONTEXT[tag];
    await this.source.fill(2);
    const { view, position } = this.source.cursor;
    if (key !== undefined && position + 2 <= view.byteLength) context[key] = view.getUint16(position, from.little);
  }

  private vrOf({ context }: Level): VrProperties {
    const { vr, tag, length } = this.source.cursor;
    if (vr !== undefined) return vr;
    const implied = VRS[vrOf(tagText(tag), context)];
    return length < 0 && tag !== PIXEL_DATA && (implied.vr === 'UN' || implied.kind !== 'binary') ? VRS.SQ : implied;
  }
}

async function* once(chunk: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield chunk;
}
