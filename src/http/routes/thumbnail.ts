// WADO-RS: thumbnails at all four levels (PS3.18 10.4.1.1.5): one image, of the middle instance and the middle frame, with
// nothing written on it.

import type { FastifyReply } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError, type DicomErrorKind } from '../../dimse/errors.ts';
import { numberOf } from '../../render/attributes.ts';
import { openImage } from '../../render/frames/image.ts';
import type { RenderOptions } from '../../render/options.ts';
import { choose } from '../accept.ts';
import { type Category, categoryOf, ICONS } from '../category.ts';
import { etagOf, sentUnchanged } from '../etag.ts';
import { type AddResource, type Exchange, wantedOf } from '../exchange.ts';
import { placeOf } from '../file-source.ts';
import { keptOr } from '../kept.ts';
import { resourceOf } from '../paths.ts';
import { type Asked, isPresentation, sendPresented } from '../presented.ts';
import { type Representative, representativeOf } from '../representative.ts';
import { hold, sendWhole } from '../respond.ts';
import { locate } from '../service.ts';
import { storedFrames } from '../stored-frames.ts';
import { optionsOf } from './rendered.ts';

const STUDY = '/studies/:study';
const SERIES = `${STUDY}/series/:series`;
const INSTANCE = `${SERIES}/instances/:instance`;
/** The size of a thumbnail when the client names none, in pixels. */
const STANDARD = { width: 128, height: 128 };
/** To be raised when thumbnails come out differently: those that are kept are then made anew. */
const KIND = 'thumbnail-1';

export function thumbnailRoutes(add: AddResource): void {
  for (const path of [STUDY, SERIES, INSTANCE, `${INSTANCE}/frames/:frames`]) {
    add(`${path}/thumbnail`, { GET: thumbnail });
  }
}

async function thumbnail(exchange: Exchange): Promise<FastifyReply> {
  const { request, reply, service, archive, baseUrl, signal } = exchange;
  const { renderer } = service;
  const resource = resourceOf(request);
  const mediaType = choose('thumbnail', wantedOf(exchange))[0]?.mediaType ?? 'image/jpeg';
  const asked = optionsOf(exchange, mediaType, 'thumbnail');
  const options = { ...asked, viewport: asked.viewport ?? STANDARD };
  const { resource: instance, sopClassUid }: Representative =
    resource.instance === undefined ? await representativeOf(archive, resource, { baseUrl, signal }) : { resource };
  const file = await archive.open(instance, { signal, sopClassUid });
  hold(file, exchange);
  const { frames } = resource;
  const variant = JSON.stringify(['thumbnail', frames, options]);
  if (isPresentation(file)) return sendState(exchange, { file, frames, options });
  if (sentUnchanged(exchange, etagOf(file, variant))) return reply;
  const category = categoryOf(file);
  if (category !== 'image') return sendSign(exchange, { file, frames, options }, category);
  const frame = frames?.[0] ?? Math.floor((await storedFrames(file)).numberOfFrames / 2) + 1;
  const bytes = await keptOr(file, asked.viewport === undefined ? `${KIND} ${variant}` : undefined, async () => {
    return (await renderer.render(await placeOf(file, signal), frame, options, signal)).bytes;
  });
  const place = frames === undefined ? '' : `/frames/${frame}`;
  return sendWhole(exchange, [bytes], {
    'content-type': mediaType,
    'content-location': locate(baseUrl, file) + place,
  });
}

/** What has no picture of its own: waveforms are plotted, videos show a frame, of others an icon says what they are. */
async function sendSign(
  exchange: Exchange,
  { file, frames, options }: Pick<Asked, 'file' | 'frames' | 'options'>,
  category: Exclude<Category, 'image'>,
): Promise<FastifyReply> {
  const { service, signal } = exchange;
  const { renderer } = service;
  if (category === 'waveform')
    return sendSole(
      exchange,
      file,
      options,
      await renderer.plot(await placeOf(file, signal), options.mediaType, options, signal),
    );
  const icon = (): Promise<Buffer> => renderer.icon(ICONS[category], options, signal);
  const drawn = category === 'video' && renderer.hasFfmpeg ? videoFrame(exchange, file, frames?.[0], options) : icon();
  return sendSole(exchange, file, options, await drawn.catch(instead(icon)));
}

/** The middle of a video, where no frame is named. */
async function videoFrame(
  { service, signal }: Exchange,
  file: StoredFile,
  frame: number | undefined,
  options: RenderOptions,
): Promise<Buffer> {
  const { attributes } = await openImage(await placeOf(file, signal));
  const middle = Math.floor((numberOf(attributes, Tag.NumberOfFrames) ?? 1) / 2) + 1;
  // Which reads a file, and nothing else.
  await file.onDisk(signal);
  return service.renderer.still(file.path, frame ?? middle, options, signal);
}

/** The first image that a presentation state shows; an icon where that is not to be had. */
async function sendState(exchange: Exchange, asked: Pick<Asked, 'file' | 'frames' | 'options'>): Promise<FastifyReply> {
  const { reply, service, signal } = exchange;
  const { file, options } = asked;
  const representation = { mediaType: options.mediaType, multipart: false, named: true };
  return sendPresented(exchange, { ...asked, representation }).catch(
    instead(async () => {
      reply.removeHeader('etag');
      return sendSole(exchange, file, options, await service.renderer.icon('PR', options, signal));
    }),
  );
}

const WITHOUT_PICTURE: readonly DicomErrorKind[] = ['not-found', 'not-acceptable', 'corrupt', 'timeout'];

/** What to do where there is no picture; other failures stay what they are. */
function instead<T>(make: () => Promise<T>): (error: unknown) => Promise<T> {
  return (error) => {
    if (error instanceof DicomError && WITHOUT_PICTURE.includes(error.kind)) return make();
    throw error;
  };
}

function sendSole(exchange: Exchange, file: StoredFile, { mediaType }: RenderOptions, bytes: Buffer): FastifyReply {
  const location = locate(exchange.baseUrl, file);
  return sendWhole(exchange, [bytes], { 'content-type': mediaType, 'content-location': location });
}
