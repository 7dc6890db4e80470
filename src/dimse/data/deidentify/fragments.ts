// The fragments of encapsulated pixel data on their way, frame by frame, without what their codestreams say in words.

import { DicomError } from '../../errors.ts';
import type { ByteSource } from '../byte-source.ts';
import { incomplete, SEQUENCE_END } from '../element.ts';
import { blankText, type Grammar, grammarOf, unsearchable } from './codestream-text.ts';

const ITEM_HEADER = 8;
/** A codestream is held as a whole while it is searched. */
const LARGEST_FRAME = 512 * 1024 * 1024;
const ITEM = Buffer.from([0xfe, 0xff, 0x00, 0xe0]);
const END_OF_FRAGMENTS = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
const END_MARKER = Buffer.from([0xff, 0xd9]);

/**
 * The items from the offset table up to the Sequence Delimitation Item (PS3.5 A.4), of the same number and lengths; the first
 * chunk has the first frame.
 * @throws DicomError `not-acceptable` (field `anonymize`) where the frames can't be searched
 */
export async function* cleanedFragments(
  source: ByteSource,
  transferSyntaxUid: string,
): AsyncGenerator<Buffer, void, undefined> {
  const grammar = grammarOf(transferSyntaxUid);
  if (grammar === undefined) throw unsearchable();
  let held = asItem((await nextItem(source)) ?? Buffer.alloc(0));
  const frame = new Frame(grammar);
  for (let fragment = await nextItem(source); fragment !== undefined; fragment = await nextItem(source)) {
    const items = frame.add(fragment);
    if (items === undefined) continue;
    yield Buffer.concat([...held, ...items]);
    held = [];
  }
  if (!frame.isEmpty) throw unsearchable();
  yield Buffer.concat([...held, END_OF_FRAGMENTS]);
}

/** The fragments of a frame until its codestream ends. */
class Frame {
  readonly #grammar: Grammar | 'none';
  #fragments: Buffer[] = [];
  #size = 0;

  constructor(grammar: Grammar | 'none') {
    this.#grammar = grammar;
  }

  get isEmpty(): boolean {
    return this.#fragments.length === 0;
  }

  /** The items of the frame when `fragment` is its last. */
  add(fragment: Buffer): Buffer[] | undefined {
    if (this.#grammar === 'none') return asItem(fragment);
    // The marker may begin in one fragment and end in the next.
    const seam = Buffer.concat([
      (this.#fragments.at(-1) ?? fragment.subarray(0, 0)).subarray(-1),
      fragment.subarray(0, 1),
    ]);
    this.#fragments.push(fragment);
    this.#size += fragment.length;
    if (this.#size > LARGEST_FRAME) {
      throw new DicomError('too-large', 'a frame is too large to be de-identified', { field: 'anonymize' });
    }
    if (!fragment.includes(END_MARKER) && !seam.equals(END_MARKER)) return undefined;
    const codestream = Buffer.concat(this.#fragments);
    if (!blankText(codestream, this.#grammar)) return undefined;
    let at = 0;
    const items = this.#fragments.flatMap(({ length }) => asItem(codestream.subarray(at, (at += length))));
    [this.#fragments, this.#size] = [[], 0];
    return items;
  }
}

function asItem(value: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  return [ITEM, length, value];
}

/** The value of the next item; undefined at the Sequence Delimitation Item. */
async function nextItem(source: ByteSource): Promise<Buffer | undefined> {
  await source.fill(ITEM_HEADER);
  const { cursor } = source;
  cursor.next(false, true);
  const { tag, length } = cursor;
  if (tag === SEQUENCE_END) return undefined;
  if (length < 0 || length > LARGEST_FRAME) throw unsearchable();
  await source.fill(length);
  if (source.available < length) throw incomplete();
  return source.take(length);
}
