// WADO-RS: thumbnails at all four levels (PS3.18 10.4.1.1.5): one image, of the middle instance and the middle frame, with
// nothing written on it.

import type { FastifyReply } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import type { RenderOptions } from '../../render/options.ts';
import { choose } from '../accept.ts';
import { type Category, categoryOf, ICONS } from '../category.ts';
import { etagOf, sentUnchanged } from '../etag.ts';
import { type AddResource, type Exchange, wantedOf } from '../exchange.ts';
import { resourceOf } from '../paths.ts';
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
  const variant = JSON.stringify(['thumbnail', resource.frames, options]);
  if (sentUnchanged(exchange, etagOf(file, variant))) return reply;
  const category = categoryOf(file);
  if (category !== 'image') return sendSign(exchange, file, category, options);
  const frame = resource.frames?.[0] ?? Math.floor((await storedFrames(file)).numberOfFrames / 2) + 1;
  const bytes = await keptOr(file, asked.viewport === undefined ? `${KIND} ${variant}` : undefined, async () => {
    return (await renderer.render(file.path, frame, options, signal)).bytes;
  });
  const place = resource.frames === undefined ? '' : `/frames/${frame}`;
  return sendWhole(exchange, [bytes], {
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
  exchange: Exchange,
  file: StoredFile,
  category: Exclude<Category, 'image'>,
  options: RenderOptions,
): Promise<FastifyReply> {
  const { service, baseUrl, signal } = exchange;
  const { renderer } = service;
  const { mediaType } = options;
  const bytes =
    category === 'waveform'
      ? await renderer.plot(file.path, mediaType, options, signal)
      : await renderer.icon(ICONS[category], options, signal);
  return sendWhole(exchange, [bytes], {
    'content-type': mediaType,
    'content-location': locate(baseUrl, file),
  });
}
