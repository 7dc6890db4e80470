// A stored instance as PS3.10 bytes for the web: in the transfer syntax the client takes, with file meta information that
// says so, never in Implicit VR or Big Endian (PS3.18 8.7.3).

import { wholeOf } from '../bridge/cache/growing-file.ts';
import type { FollowedFile, StoredFile } from '../bridge/gateway.ts';
import { writeFileMeta } from '../dimse/data/part10.ts';
import { reencode } from '../dimse/data/reencode.ts';
import { Deflated, ExplicitBig, ImplicitLittle, transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { DicomError } from '../dimse/errors.ts';
import type { Renderer } from '../render/render.ts';
import { transcodedUid } from '../render/transcode/lossy.ts';
import type { Representation } from './accept.ts';
import { placeOf } from './file-source.ts';
import { EXPLICIT_LITTLE } from './offers.ts';
import { primed } from './primed.ts';
import type { Content } from './respond.ts';
import { CHUNK, type Ring } from './ring.ts';

/** How a file can be had: as stored, with its data set re-encoded, or with its pixel data decoded or encoded. */
export type Form = { kind: 'stored' | 'reencoded' | 'transcoded'; transferSyntaxUid: string; named: boolean };

/**
 * A PS3.10 file whose first bytes are known to exist. `length` where it is known beforehand. Chunks of `bytes` may be views of the
 * ring: they are valid as long as it says.
 */
export type OpenedFile = { transferSyntaxUid: string; length?: number; bytes: AsyncIterable<Buffer> };

/** What a file is turned into bytes with. */
export type Means = { renderer: Renderer; ring: Ring; signal: AbortSignal };

/** Transfer syntaxes that shall not appear on the web (8.7.3), and one that needs a Content-Encoding of its own. */
const NOT_ON_WEB = new Set([ImplicitLittle, ExplicitBig, Deflated]);

/** The forms that would satisfy the `accepted` representations, best first; `transferSyntax` of each is a UID or `*`. */
export function formsOf(file: FollowedFile, accepted: readonly Representation[]): Form[] {
  const stored = transferSyntax(file.transferSyntaxUid);
  // A syntax that isn't known can be passed on to who takes anything; nobody can say how it is encoded.
  const native = stored !== undefined && !stored.encapsulated;
  const onWeb = stored === undefined || (stored.explicit && stored.endian === 'little' && !stored.deflated);
  return accepted.flatMap(({ transferSyntax: wanted = '*', named }): Form[] => {
    const asStored = wanted === '*' || wanted === file.transferSyntaxUid;
    if (asStored && onWeb) return [{ kind: 'stored', transferSyntaxUid: file.transferSyntaxUid, named }];
    if (native && (asStored || wanted === EXPLICIT_LITTLE)) {
      return [{ kind: 'reencoded', transferSyntaxUid: EXPLICIT_LITTLE, named }];
    }
    return stored === undefined || NOT_ON_WEB.has(wanted)
      ? []
      : [{ kind: 'transcoded', transferSyntaxUid: wanted, named }];
  });
}

/** The preamble and file meta information of `file` in the given transfer syntax (PS3.10 7.1). */
function headOf(file: FollowedFile, transferSyntaxUid: string): Buffer {
  const { sopClassUid } = file;
  return writeFileMeta({ sopClassUid, sopInstanceUid: sentUid(file, transferSyntaxUid), transferSyntaxUid });
}

/** The SOP Instance UID of what is sent of `file` in a transfer syntax: another one when it is compressed with loss for it. */
export function sentUid(file: FollowedFile, transferSyntaxUid: string): string {
  const asStored = transferSyntaxUid === file.transferSyntaxUid;
  return asStored ? file.sopInstanceUid : transcodedUid(file.sopInstanceUid, transferSyntaxUid);
}

/** The bytes of the file's data set from `start` to before `end`, counted from the first of the data set. */
async function* read(
  file: FollowedFile,
  start: number,
  end: number,
  ring: Ring,
): AsyncGenerator<Buffer, void, undefined> {
  if (start >= end) return;
  const last = file.dataOffset + end;
  for (let at = file.dataOffset + start; at < last; ) {
    const borrowed = borrow(file, at, ring)?.subarray(0, last - at);
    if (borrowed !== undefined) {
      at += borrowed.length;
      yield borrowed;
      continue;
    }
    const buffer = ring.buffer(last - at);
    const read = file.read(buffer, at);
    const bytes = typeof read === 'number' ? read : await read;
    if (bytes === 0 && file.size === undefined) return;
    if (bytes === 0) throw new DicomError('corrupt', 'a cached instance is shorter than it was', { field: 'file' });
    at += bytes;
    yield buffer.subarray(0, bytes);
  }
}

/** Bytes from `at` on without a copy, where they lie in memory. */
function borrow(file: FollowedFile, at: number, ring: Ring): Buffer | undefined {
  const lent = ring.borrow === undefined || file.size === undefined ? undefined : file.lend(at);
  return lent && ring.borrow?.(lent);
}

/** Buffers for who keeps what it has been given. */
const fresh: Ring = {
  buffer: (length) => Buffer.allocUnsafe(Math.min(length, Number.isFinite(length) ? CHUNK : CHUNK / 8)),
};

/** `head` and `body`, the head waiting for the first chunk: what can't be decoded must fail before anything is said. */
async function* withHead(head: Buffer, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let waiting: Buffer | undefined = head;
  for await (const chunk of body) {
    if (waiting !== undefined) yield waiting;
    waiting = undefined;
    yield chunk;
  }
  if (waiting !== undefined) yield waiting;
}

/** The file as it is stored; read into the buffers of `ring`. */
export function storedFile(file: StoredFile, ring: Ring): Content {
  const head = headOf(file, file.transferSyntaxUid);
  return {
    length: head.length + file.size - file.dataOffset,
    read({ start, end }) {
      const body = read(file, Math.max(0, start - head.length), end + 1 - head.length, ring);
      return withHead(head.subarray(start, end + 1), body);
    },
  };
}

function openStored(file: FollowedFile, ring: Ring): OpenedFile {
  const { transferSyntaxUid } = file;
  if (file.size === undefined) {
    const body = read(file, 0, Number.POSITIVE_INFINITY, ring);
    return { transferSyntaxUid, bytes: withHead(headOf(file, transferSyntaxUid), body) };
  }
  const { length, read: readRange } = storedFile(file, ring);
  return { transferSyntaxUid, length, bytes: readRange({ start: 0, end: length - 1 }) };
}

/** The same file, where it can be sent as it arrives; else the whole in its place. */
export async function sendable(file: FollowedFile, accepted: readonly Representation[]): Promise<FollowedFile> {
  if (file.size !== undefined || formsOf(file, accepted)[0]?.kind !== 'transcoded') return file;
  return wholeOf(file);
}

async function openForm(file: FollowedFile, form: Form, { renderer, ring, signal }: Means): Promise<OpenedFile> {
  const { kind, transferSyntaxUid } = form;
  if (kind === 'stored') return openStored(file, ring);
  const { size = Number.POSITIVE_INFINITY } = file;
  const body =
    kind === 'transcoded' && file.size !== undefined
      ? renderer.transcode(await placeOf(file, signal), transferSyntaxUid, signal)
      : reencode(read(file, 0, size - file.dataOffset, fresh), file.transferSyntaxUid, transferSyntaxUid);
  const { items } = await primed(withHead(headOf(file, transferSyntaxUid), body));
  return { transferSyntaxUid, bytes: items };
}

/**
 * Opens `file` in the best of the `accepted` representations that can be made. Lossy data that can't be decoded are given
 * as they are stored to who named no transfer syntax (8.7.3.4).
 * @throws DicomError `not-acceptable` when no representation can be made
 */
export async function openFile(
  file: FollowedFile,
  accepted: readonly Representation[],
  means: Means,
): Promise<OpenedFile> {
  const lossy = transferSyntax(file.transferSyntaxUid)?.lossy === true;
  let refusal: DicomError | undefined;
  for (const form of formsOf(file, accepted)) {
    try {
      return await openForm(file, form, means);
    } catch (error) {
      if (!(error instanceof DicomError) || error.kind !== 'not-acceptable') throw error;
      refusal = error;
      if (!form.named && lossy) return openStored(file, means.ring);
    }
  }
  throw new DicomError(
    'not-acceptable',
    `the instance is stored in transfer syntax ${file.transferSyntaxUid} and can be given in none of the acceptable ones`,
    { field: 'transfer-syntax', cause: refusal },
  );
}
