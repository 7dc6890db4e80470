// WADO-RS: frames of an instance as they are stored or as native samples (PS3.18 10.4.1.6).

import type { FastifyReply, FastifyRequest } from 'fastify';
import { pathOf, type Resource } from '../../bridge/resource.ts';
import { DicomError } from '../../dimse/errors.ts';
import { choose } from '../accept.ts';
import { etagOf, isUnchanged } from '../etag.ts';
import type { Part } from '../multipart-writer.ts';
import { resourceOf } from '../paths.ts';
import { type FrameForm, frameForm } from '../pixel-parts.ts';
import { hold, once, sendPart, sendParts, sendWhole, signalOf } from '../respond.ts';
import { type AddResource, type Service, wantedOf } from '../service.ts';
import { storedFrames } from '../stored-frames.ts';

export function framesRoutes(add: AddResource, service: Service): void {
  add('/studies/:study/series/:series/instances/:instance/frames/:frames', {
    GET: (request, reply) => frames(request, reply, service),
  });
}

async function frames(request: FastifyRequest, reply: FastifyReply, service: Service): Promise<FastifyReply> {
  const resource = resourceOf(request);
  const list = resource.frames ?? [];
  const [first = 1] = list;
  const accepted = choose(list.length === 1 ? 'frame' : 'frames', wantedOf(request, service));
  const signal = signalOf(reply);
  const file = await service.archive(request).open(resource, { signal });
  hold(file, reply);
  const image = await storedFrames(file);
  const last = list.at(-1) ?? 1;
  if (last > image.numberOfFrames) {
    const detail = `frame ${last} does not exist: the instance has ${image.numberOfFrames}`;
    throw new DicomError('not-found', detail, { field: 'frames' });
  }
  const form = await frameForm({ file, image, renderer: service.renderer, signal }, accepted, first);
  const etag = etagOf(file, `frames ${list.join()} ${form.contentType} ${form.multipart}`);
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
  if (isUnchanged(request.headers['if-none-match'], etag)) return reply.status(304).send();
  const baseUrl = service.baseUrl(request);
  if (list.length > 1) return sendParts(request, reply, form.mediaType, frameParts(form, resource, baseUrl));
  const bytes = await form.read(first);
  const headers = {
    'Content-Type': form.contentType,
    'Content-Length': String(bytes.length),
    'Content-Location': frameUrl(baseUrl, resource, first),
  };
  if (form.multipart) return sendPart(request, reply, form.mediaType, { headers, bytes });
  return sendWhole(request, reply, [bytes], headers);
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
