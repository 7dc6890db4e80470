// WADO-RS: thumbnails at all four levels (PS3.18 10.4.1.1.5): one image, of the middle instance and the middle frame, with
// nothing written on it.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import type { RenderOptions } from '../../render/options.ts';
import { choose } from '../accept.ts';
import { type Category, categoryOf, ICONS } from '../category.ts';
import { etagOf, isUnchanged } from '../etag.ts';
import { resourceOf } from '../paths.ts';
import { type Representative, representativeOf } from '../representative.ts';
import { hold, sendWhole, signalOf } from '../respond.ts';
import { type AddResource, locate, type Service, wantedOf } from '../service.ts';
import { storedFrames } from '../stored-frames.ts';
import { optionsOf } from './rendered.ts';

const STUDY = '/studies/:study';
const SERIES = `${STUDY}/series/:series`;
const INSTANCE = `${SERIES}/instances/:instance`;
/** The size of a thumbnail when the client names none, in pixels. */
const STANDARD = { width: 128, height: 128 };
/** To be raised when thumbnails come out differently: those that are kept are then made anew. */
const KIND = 'thumbnail-1';

export function thumbnailRoutes(add: AddResource, service: Service): void {
  for (const path of [STUDY, SERIES, INSTANCE, `${INSTANCE}/frames/:frames`]) {
    add(`${path}/thumbnail`, { GET: (request, reply) => thumbnail(request, reply, service) });
  }
}

async function thumbnail(request: FastifyRequest, reply: FastifyReply, service: Service): Promise<FastifyReply> {
  const { renderer } = service;
  const archive = service.archive(request);
  const resource = resourceOf(request);
  const mediaType = choose('thumbnail', wantedOf(request, service))[0]?.mediaType ?? 'image/jpeg';
  const asked = optionsOf(request, reply, mediaType, service, 'thumbnail');
  const options = { ...asked, viewport: asked.viewport ?? STANDARD };
  const signal = signalOf(reply);
  const baseUrl = service.baseUrl(request);
  const { resource: instance, sopClassUid }: Representative =
    resource.instance === undefined ? await representativeOf(archive, resource, { baseUrl, signal }) : { resource };
  const file = await archive.open(instance, { signal, sopClassUid });
  hold(file, reply);
  const variant = JSON.stringify(['thumbnail', resource.frames, options]);
  const etag = etagOf(file, variant);
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
  if (isUnchanged(request.headers['if-none-match'], etag)) return reply.status(304).send();
  const category = categoryOf(file);
  if (category !== 'image') return sendSign(file, category, options, signal, request, reply, service);
  const frame = resource.frames?.[0] ?? Math.floor((await storedFrames(file)).numberOfFrames / 2) + 1;
  const bytes = await keptOr(file, asked.viewport === undefined ? `${KIND} ${variant}` : undefined, async () => {
    return (await renderer.render(file.path, frame, options, signal)).bytes;
  });
  const place = resource.frames === undefined ? '' : `/frames/${frame}`;
  return sendWhole(request, reply, [bytes], {
    'content-type': mediaType,
    'content-location': locate(baseUrl, file) + place,
  });
}

/**
 * What is kept as `kind`, else what `make` makes, which is kept. Only the standard size has a kind: whoever asks for pictures
 * of every size must not fill the cache with them.
 */
async function keptOr(file: StoredFile, kind: string | undefined, make: () => Promise<Buffer>): Promise<Buffer> {
  if (kind === undefined) return make();
  const kept = file.document(kind);
  if (kept !== undefined) return kept;
  const made = await make();
  file.keep(kind, made);
  return made;
}

/** What has no picture of its own: waveforms are plotted, of others an icon says what they are. */
async function sendSign(
  file: StoredFile,
  category: Exclude<Category, 'image'>,
  options: RenderOptions,
  signal: AbortSignal,
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
): Promise<FastifyReply> {
  const { renderer } = service;
  const { mediaType } = options;
  const bytes =
    category === 'waveform'
      ? await renderer.plot(file.path, mediaType, options, signal)
      : await renderer.icon(ICONS[category], options, signal);
  return sendWhole(request, reply, [bytes], {
    'content-type': mediaType,
    'content-location': locate(service.baseUrl(request), file),
  });
}
