// Presentation states rendered (PS3.18 8.3.5.1.6): the images that one refers to are fetched and shown as it says, each frame
// a part; a single part is the first of them.

import type { FastifyReply } from 'fastify';
import type { Archive, StoredFile } from '../bridge/gateway.ts';
import type { Resource } from '../bridge/resource.ts';
import { DicomError } from '../dimse/errors.ts';
import { openImage } from '../render/frames/image.ts';
import type { RenderOptions } from '../render/options.ts';
import { type Framed, inOrder } from '../render/presentation/order.ts';
import type { Reference } from '../render/presentation/references.ts';
import { isPresentationState, openPresentationState, type PresentationState } from '../render/presentation/state.ts';
import type { Representation } from './accept.ts';
import { etagOf, sentUnchanged, weak } from './etag.ts';
import type { Exchange } from './exchange.ts';
import { placeOf } from './file-source.ts';
import type { Part } from './multipart-writer.ts';
import { hold, once, sendParts, sendStream } from './respond.ts';
import { locate } from './service.ts';

/** Whether an instance is rendered by showing others. */
export function isPresentation(file: StoredFile): boolean {
  return isPresentationState(file.sopClassUid);
}

/** An image under a state: what of it is shown. */
type Shown = Framed & { file: StoredFile };

/** What is to be shown of an instance: all its frames, where `frames` is undefined. */
export type Asked = {
  file: StoredFile;
  frames: readonly number[] | undefined;
  representation: Representation;
  options: RenderOptions;
};

/**
 * Sends what a presentation state shows.
 * @throws DicomError `malformed` for what doesn't go with a state (W-Q5, W-Q6, W-Q15), `not-found` where an image is missing
 */
export async function sendPresented(exchange: Exchange, asked: Asked): Promise<FastifyReply> {
  const { file, options, representation } = asked;
  refuseForPresentation(asked);
  const { mediaType, multipart } = representation;
  const { references } = await openPresentationState(await placeOf(file, exchange.signal));
  const shown = await openAll(exchange, multipart ? references : references.slice(0, 1), file);
  const wanted = multipart ? inOrder(shown) : shown.slice(0, 1);
  const sources = wanted.map((one) => [etagOf(one.file, ''), one.frame]);
  const etag = etagOf(file, JSON.stringify(['presented', multipart, options, sources]));
  if (sentUnchanged(exchange, multipart ? weak(etag) : etag)) return exchange.reply;
  const parts = presentedParts(exchange, file, wanted, options);
  if (multipart) return sendParts(exchange, mediaType, parts);
  const { value } = await parts.next();
  if (!value)
    throw new DicomError('corrupt', 'the presentation state shows nothing', { field: 'ReferencedImageSequence' });
  return sendStream(exchange, value.body, value.headers);
}

/** The options that a state itself decides (8.3.5.1.3, 8.3.5.1.4). */
function refuseForPresentation({ frames, options: { window, viewport } }: Asked): void {
  if (frames) throw new DicomError('malformed', 'frames: a presentation state has none', { field: 'frames' });
  if (window) {
    throw new DicomError('malformed', 'The parameter window does not go with a presentation state', {
      field: 'window',
    });
  }
  if (viewport?.region) {
    throw new DicomError('malformed', 'The parameter viewport takes no region with a presentation state', {
      field: 'viewport',
    });
  }
}

/** Every frame referred to, of images that stay in the cache until the answer has been sent. */
async function openAll(
  exchange: Exchange,
  references: readonly Reference[],
  { studyInstanceUid: study }: StoredFile,
): Promise<Shown[]> {
  const { archive, signal } = exchange;
  const shown: Shown[] = [];
  for (const { series, instance, frames } of references) {
    const file = await archive.open({ study, series, instance }, { signal });
    hold(file, exchange);
    const { attributes, numberOfFrames } = await openImage(await placeOf(file, signal));
    const list = frames ?? Array.from({ length: numberOfFrames }, (_, index) => index + 1);
    for (const frame of list) shown.push({ file, attributes, frame });
  }
  return shown;
}

async function* presentedParts(
  { service, baseUrl, signal }: Exchange,
  state: StoredFile,
  shown: readonly Shown[],
  options: RenderOptions,
): AsyncGenerator<Part, undefined, undefined> {
  const location = locate(baseUrl, state);
  const statePlace = await placeOf(state, signal);
  for (const { file, frame } of shown) {
    const place = await placeOf(file, signal);
    const { bytes, mediaType } = await service.renderer.present(statePlace, place, frame, options, signal);
    const headers = { 'Content-Type': mediaType, 'Content-Length': String(bytes.length), 'Content-Location': location };
    yield { headers, body: once(bytes) };
  }
}

/**
 * The presentation state that a query names beside an image. The caller releases `file`.
 * @throws DicomError `malformed` when it is not there, or no presentation state (W-Q15)
 */
export async function presentationOf(
  archive: Archive,
  resource: Resource,
  signal: AbortSignal,
): Promise<{ file: StoredFile; state: PresentationState }> {
  const file = await archive.open(resource, { signal }).catch((error: unknown) => {
    throw error instanceof DicomError && error.kind === 'not-found' ? unknown('is not there', error) : error;
  });
  try {
    if (!isPresentation(file)) throw unknown('is no presentation state that can be applied');
    return { file, state: await openPresentationState(await placeOf(file, signal)) };
  } catch (error) {
    file.release();
    throw error;
  }
}

/** The frame of an image that a state shows first. @throws DicomError `malformed` where it doesn't refer to the image */
export function firstFrameUnder({ references }: PresentationState, instance: string): number {
  const reference = references.find((one) => one.instance === instance);
  if (!reference) throw unknown('does not refer to the image');
  return reference.frames?.[0] ?? 1;
}

function unknown(what: string, cause?: Error): DicomError {
  return new DicomError('malformed', `presentationUID ${what}`, { field: 'presentationUID', ...(cause && { cause }) });
}
