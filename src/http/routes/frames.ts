// WADO-RS: frames of an instance as they are stored or as native samples (PS3.18 10.4.1.6).

import type { FastifyReply } from 'fastify';
import { wholeOf } from '../../bridge/cache/growing-file.ts';
import type { FollowedFile } from '../../bridge/gateway.ts';
import { pathOf, type Resource } from '../../bridge/resource.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { Frames } from '../../render/frames/frames.ts';
import { choose, type Representation } from '../accept.ts';
import { etagOf, sentUnchanged, weak } from '../etag.ts';
import { type AddResource, type Exchange, wantedOf } from '../exchange.ts';
import { placeOf } from '../file-source.ts';
import type { Part } from '../multipart-writer.ts';
import { resourceOf } from '../paths.ts';
import { type FrameForm, frameForm, isAsStored } from '../pixel-parts.ts';
import { hold, once, sendPart, sendParts, sendWhole } from '../respond.ts';
import { arrivingFrames, storedFrames } from '../stored-frames.ts';

export function framesRoutes(add: AddResource): void {
  add('/studies/:study/series/:series/instances/:instance/frames/:frames', { GET: frames });
}

async function frames(exchange: Exchange): Promise<FastifyReply> {
  const { reply, service, baseUrl, signal } = exchange;
  const resource = resourceOf(exchange.request);
  const list = resource.frames ?? [];
  const [first = 1] = list;
  const accepted = choose(list.length === 1 ? 'frame' : 'frames', wantedOf(exchange));
  const { file, image } = await opened(exchange, resource, accepted);
  const last = list.at(-1) ?? 1;
  if (last > image.numberOfFrames) {
    const detail = `frame ${last} does not exist: the instance has ${image.numberOfFrames}`;
    throw new DicomError('not-found', detail, { field: 'frames' });
  }
  const place = async () => placeOf(file.size === undefined ? await wholeOf(file) : file, signal);
  const form = await frameForm({ place, image, renderer: service.renderer, signal }, accepted, first);
  const etag = etagOf(file, `frames ${list.join()} ${form.contentType} ${form.multipart}`);
  if (sentUnchanged(exchange, form.multipart ? weak(etag) : etag)) return reply;
  if (list.length > 1) return sendParts(exchange, form.mediaType, frameParts(form, resource, baseUrl));
  const bytes = await form.read(first);
  const headers = {
    'Content-Type': form.contentType,
    'Content-Length': String(bytes.length),
    'Content-Location': frameUrl(baseUrl, resource, first),
  };
  if (form.multipart) return sendPart(exchange, form.mediaType, { headers, bytes });
  return sendWhole(exchange, [bytes], headers);
}

/** The instance, held, and its frames; those that are sent as they are stored need not wait for what comes behind them. */
async function opened(
  exchange: Exchange,
  resource: Resource,
  accepted: readonly Representation[],
): Promise<{ file: FollowedFile; image: Frames }> {
  const { archive, signal } = exchange;
  const early = await archive.openEarly(resource, { signal });
  hold(early, exchange);
  if (early.size !== undefined) return { file: early, image: await storedFrames(early) };
  const image = await arrivingFrames(early);
  if (image !== undefined && isAsStored(image, accepted)) return { file: early, image };
  const file = await wholeOf(early);
  hold(file, exchange);
  return { file, image: await storedFrames(file) };
}

/** One part per frame, in the order of the list. */
async function* frameParts(
  form: FrameForm,
  resource: Resource,
  baseUrl: string,
): AsyncGenerator<Part, void, undefined> {
  for (const frame of resource.frames ?? []) {
    const bytes = await form.read(frame);
    yield {
      headers: {
        'Content-Type': form.contentType,
        'Content-Length': String(bytes.length),
        'Content-Location': frameUrl(baseUrl, resource, frame),
      },
      body: once(bytes),
    };
  }
}

function frameUrl(baseUrl: string, resource: Resource, frame: number): string {
  return `${baseUrl}${pathOf(resource)}/frames/${frame}`;
}
