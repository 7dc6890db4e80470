// A data set from one transfer syntax to another without touching its values (PS3.5 7.1, Annex A): headers are rewritten,
// words swapped, the deflated syntax inflated. Streaming: values of any length pass through in chunks.

import { DicomError } from '../errors.ts';
import { ByteSource } from './byte-source.ts';
import { deflatedChunks, evenChunks, inflatedChunks } from './deflate-stream.ts';
import type { Encoding } from './element.ts';
import type { OddLengths } from './recode-level.ts';
import { Recoder } from './recoder.ts';
import { actualEncoding } from './sniff.ts';
import { type TransferSyntax, transferSyntax } from './transfer-syntax.ts';

/** Bytes that show how a data set is encoded. */
const FIRST_ELEMENT = 8;

function encodingOf({ explicit, endian }: TransferSyntax): Encoding {
  return { explicit, little: endian === 'little' };
}

function knownSyntax(uid: string): TransferSyntax {
  const syntax = transferSyntax(uid);
  if (syntax) return syntax;
  throw new DicomError('not-acceptable', `Transfer syntax ${uid} is not known`, { field: 'transfer-syntax' });
}

export type ReencodeOptions = {
  /**
   * Make every odd value, item and fragment even with the pad byte of its VR (PS3.5 7.1.1), also from a syntax to itself.
   * A sequence keeps its length when nothing in it is odd, and up to 4 MiB; a Basic Offset Table with odd offsets is emptied.
   */
  evenLengths?: boolean;
};

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
  { evenLengths = false }: ReencodeOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const from = knownSyntax(fromTransferSyntaxUid);
  const to = knownSyntax(toTransferSyntaxUid);
  if (from !== to && (from.encapsulated || to.encapsulated)) {
    const message = `Pixel data in ${from.uid} would have to be decoded or encoded`;
    throw new DicomError('not-acceptable', message, { field: 'transfer-syntax' });
  }
  if (from === to && from.deflated) {
    yield* evenLengths ? evenChunks(body) : body;
    return;
  }
  const odd: OddLengths = evenLengths ? 'padded' : 'kept';
  const recoded = recode(from.deflated ? inflatedChunks(body) : body, encodingOf(from), encodingOf(to), odd);
  yield* to.deflated ? deflatedChunks(recoded) : recoded;
}

async function* recode(
  chunks: AsyncIterable<Buffer>,
  from: Encoding,
  to: Encoding,
  odd: OddLengths,
): AsyncGenerator<Buffer, void, undefined> {
  const source = new ByteSource(chunks);
  try {
    await source.fill(FIRST_ELEMENT);
    yield* new Recoder(source, { from: actualEncoding(source.cursor.bytes, from), to }, odd).run();
  } finally {
    await source.close();
  }
}
