// Frames as parts: which encoding of a frame the client takes, and the frame in it (PS3.18 8.7.3.3, 10.4.1.6).

import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { DicomError } from '../dimse/errors.ts';
import { type Frames, readFrame } from '../render/frames/frames.ts';
import type { Place } from '../render/frames/source.ts';
import type { Renderer } from '../render/render.ts';
import type { Representation } from './accept.ts';
import { formatMediaType } from './media-type.ts';
import { BULKDATA_TYPES, EXPLICIT_LITTLE } from './offers.ts';

/** The frames of an image in one encoding. `mediaType` says what they are, `contentType` with the transfer syntax. */
export type FrameForm = {
  mediaType: string;
  contentType: string;
  multipart: boolean;
  compressed: boolean;
  read(frame: number): Promise<Buffer>;
};

const OCTETS = 'application/octet-stream';
const ENCAPSULATED_UNCOMPRESSED = '1.2.840.10008.1.2.1.98';

/** Frames of one image, and who can read, decode and encode them; `place` is asked for when the renderer needs it. */
export type FrameSource = { place: () => Promise<Place>; image: Frames; renderer: Renderer; signal: AbortSignal };

/** How frames are stored, in the terms of the web. */
type StoredForm = { mediaType: string; uid: string; compressed: boolean; lossy: boolean };

function storedFormOf(image: Frames): StoredForm {
  const syntax = transferSyntax(image.transferSyntaxUid);
  const compressed = syntax?.encapsulated === true && syntax.mediaType !== OCTETS;
  if (!compressed) return { mediaType: OCTETS, uid: EXPLICIT_LITTLE, compressed, lossy: false };
  const { mediaType = OCTETS, lossy = false } = syntax ?? {};
  return { mediaType, uid: image.transferSyntaxUid, compressed, lossy };
}

/**
 * The best of the `accepted` encodings that `first` (1-based), and so every frame, can be had in.
 * @throws DicomError `not-acceptable` when there is none, `not-found` for a frame beyond the last
 */
export async function frameForm(
  source: FrameSource,
  accepted: readonly Representation[],
  first: number,
): Promise<FrameForm> {
  const stored = storedFormOf(source.image);
  let refusal: DicomError | undefined;
  for (const one of accepted) {
    try {
      return await formOf(source, stored, one, first);
    } catch (error) {
      if (!(error instanceof DicomError) || error.kind !== 'not-acceptable') throw error;
      refusal = error;
      // Lossy data that can't be decoded go as they are to who named no transfer syntax (8.7.3.4).
      if (!one.named && stored.lossy && one.mediaType === OCTETS) return asStored(source, stored, one.multipart, first);
    }
  }
  throw new DicomError(
    'not-acceptable',
    `the frames are stored in transfer syntax ${stored.uid} and can be given in none of the acceptable types`,
    { field: 'Accept', cause: refusal },
  );
}

async function formOf(source: FrameSource, stored: StoredForm, one: Representation, first: number): Promise<FrameForm> {
  const { mediaType, multipart, transferSyntax: uid = EXPLICIT_LITTLE } = one;
  if (isStored(one, stored)) return asStored(source, stored, multipart, first);
  const { renderer, place, signal } = source;
  const compressed = mediaType !== OCTETS;
  // `*` of a type that the frames are not stored in means the default of that type (Table 8.7.3-5).
  const target = uid === '*' ? (BULKDATA_TYPES[mediaType]?.[0] ?? EXPLICIT_LITTLE) : uid;
  if (target === ENCAPSULATED_UNCOMPRESSED) throw new DicomError('not-acceptable', 'the frames are not stored so');
  const read = async (frame: number): Promise<Buffer> => {
    const job = compressed
      ? renderer.encode(await place(), frame, target, signal)
      : renderer.declared(await place(), frame, signal);
    return (await job).bytes;
  };
  const contentType = formatMediaType(mediaType, { 'transfer-syntax': target });
  return { mediaType, contentType, multipart, compressed, ...(await begun(first, read)) };
}

async function asStored(
  { image }: FrameSource,
  { mediaType, uid, compressed }: StoredForm,
  multipart: boolean,
  first: number,
): Promise<FrameForm> {
  const contentType = formatMediaType(mediaType, { 'transfer-syntax': uid });
  const read = (frame: number): Promise<Buffer> => readFrame(image, frame);
  return { mediaType, contentType, multipart, compressed, ...(await begun(first, read)) };
}

/** Whether the frames are given as they are stored, if at all. */
export function isAsStored(image: Frames, [best]: readonly Representation[]): boolean {
  return best !== undefined && isStored(best, storedFormOf(image));
}

/** Whether the stored bytes are what `one` asks for. */
function isStored(one: Representation, { mediaType, uid, compressed }: StoredForm): boolean {
  // octet-stream with `*` takes the stored bytes whatever they are; they are labelled with their true type (8.7.9).
  if (one.mediaType === OCTETS && one.transferSyntax === '*') return true;
  if (one.mediaType !== mediaType) return false;
  if (one.transferSyntax === uid || one.transferSyntax === '*') return true;
  return compressed && !one.named;
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
