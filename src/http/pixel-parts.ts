// Frames as parts: which encoding of a frame the client takes, and the frame in it (PS3.18 8.7.3.3, 10.4.1.6).

import type { StoredFile } from '../bridge/gateway.ts';
import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { DicomError } from '../dimse/errors.ts';
import { readFrame } from '../render/frames.ts';
import type { Image } from '../render/image.ts';
import type { Renderer } from '../render/render.ts';
import type { Representation } from './accept.ts';
import { formatMediaType } from './media-type.ts';
import { EXPLICIT_LITTLE } from './offers.ts';

/** The frames of an image in one encoding. `mediaType` says what they are, `contentType` with the transfer syntax. */
export type FrameForm = {
  mediaType: string;
  contentType: string;
  multipart: boolean;
  compressed: boolean;
  read(frame: number): Promise<Buffer>;
};

const OCTETS = 'application/octet-stream';

/**
 * The best of the `accepted` encodings that `first` (1-based), and so every frame, can be had in.
 * @throws DicomError `not-acceptable` when there is none, `not-found` for a frame beyond the last
 */
export async function frameForm(
  file: StoredFile,
  image: Image,
  accepted: readonly Representation[],
  renderer: Renderer,
  first: number,
  signal: AbortSignal,
): Promise<FrameForm> {
  const syntax = transferSyntax(image.transferSyntaxUid);
  const compressed = syntax?.encapsulated === true && syntax.mediaType !== OCTETS;
  const mediaType = compressed ? (syntax?.mediaType ?? OCTETS) : OCTETS;
  const storedUid = compressed ? image.transferSyntaxUid : EXPLICIT_LITTLE;
  const asStored = async (multipart: boolean): Promise<FrameForm> => {
    const contentType = formatMediaType(mediaType, { 'transfer-syntax': storedUid });
    const read = (frame: number): Promise<Buffer> => readFrame(image, frame);
    return { mediaType, contentType, multipart, compressed, ...(await begun(first, read)) };
  };
  const decoded = async (multipart: boolean): Promise<FrameForm> => {
    const contentType = formatMediaType(OCTETS, { 'transfer-syntax': EXPLICIT_LITTLE });
    const read = async (frame: number): Promise<Buffer> => (await renderer.decode(file.path, frame, signal)).bytes;
    return { mediaType: OCTETS, contentType, multipart, compressed: false, ...(await begun(first, read)) };
  };
  let undecodable: DicomError | undefined;
  for (const one of accepted) {
    if (isStored(one, { mediaType, storedUid, compressed })) return asStored(one.multipart);
    if (one.mediaType !== OCTETS || one.transferSyntax !== EXPLICIT_LITTLE) continue;
    try {
      return await decoded(one.multipart);
    } catch (error) {
      if (!(error instanceof DicomError) || error.kind !== 'not-acceptable') throw error;
      undecodable = error;
      // Lossy data that can't be decoded go as they are to who named no transfer syntax (8.7.3.4).
      if (!one.named && syntax?.lossy === true) return asStored(one.multipart);
    }
  }
  throw (
    undecodable ??
    new DicomError(
      'not-acceptable',
      `the frames are stored in transfer syntax ${image.transferSyntaxUid} and can be given in none of the acceptable types`,
      { field: 'Accept' },
    )
  );
}

/** Whether the stored bytes are what `one` asks for. */
function isStored(
  one: Representation,
  stored: { mediaType: string; storedUid: string; compressed: boolean },
): boolean {
  // octet-stream with `*` takes the stored bytes whatever they are; they are labelled with their true type (8.7.9).
  if (one.mediaType === OCTETS && one.transferSyntax === '*') return true;
  if (one.mediaType !== stored.mediaType) return false;
  if (one.transferSyntax === stored.storedUid || one.transferSyntax === '*') return true;
  return stored.compressed && !one.named;
}

/** `read` with its first frame read already, so that a failure shows before anything is sent. */
async function begun(
  first: number,
  read: (frame: number) => Promise<Buffer>,
): Promise<{ read(frame: number): Promise<Buffer> }> {
  let held: Buffer | undefined = await read(first);
  return {
    async read(frame) {
      const bytes = frame === first ? held : undefined;
      if (bytes !== undefined) held = undefined;
      return bytes ?? read(frame);
    },
  };
}
