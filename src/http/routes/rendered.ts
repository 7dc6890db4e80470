// WADO-RS: rendered studies, series, instances and frames (PS3.18 10.4.1.1.3, 10.4.1.1.4). A single part shows the first
// frame asked for, or as GIF all of them in turn; multipart/related has one part per frame.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import { levelOf } from '../../bridge/resource.ts';
import { DicomError } from '../../dimse/errors.ts';
import { parseRenderOptions, type RenderedMediaType, type RenderOptions } from '../../render/options.ts';
import { choose, type Representation } from '../accept.ts';
import { categoryOf, OTHER_OFFERS, OTHER_TYPES } from '../category.ts';
import { etagOf, isUnchanged } from '../etag.ts';
import type { Part } from '../multipart-writer.ts';
import { resourceOf } from '../paths.ts';
import { isPresentation, sendPresented } from '../presented.ts';
import { renditionPart, sendRendition } from '../rendition.ts';
import { hold, once, sendParts, sendWhole, signalOf } from '../respond.ts';
import { type AddResource, locate, queryOf, type Service, wantedOf } from '../service.ts';
import { storedFrames } from '../stored-frames.ts';

const STUDY = '/studies/:study';
const SERIES = `${STUDY}/series/:series`;
const INSTANCE = `${SERIES}/instances/:instance`;
const FRAMES = `${INSTANCE}/frames/:frames`;

export function renderedRoutes(add: AddResource, service: Service): void {
  for (const path of [STUDY, SERIES]) {
    add(`${path}/rendered`, { GET: (request, reply) => renderedSet(request, reply, service) });
  }
  for (const path of [INSTANCE, FRAMES]) {
    add(`${path}/rendered`, { GET: (request, reply) => renderedInstance(request, reply, service) });
  }
}

/** The options of a request, with their Warnings put into the answer. */
export function optionsOf(
  request: FastifyRequest,
  reply: FastifyReply,
  mediaType: string,
  service: Service,
  resource: 'rendered' | 'thumbnail' = 'rendered',
): RenderOptions {
  const { options, warnings } = parseRenderOptions(queryOf(request), mediaType as RenderedMediaType, resource);
  const baseUrl = service.baseUrl(request);
  if (warnings.length > 0) reply.header('warning', warnings.map((text) => `299 ${baseUrl}: ${text}`).join(', '));
  return options;
}

async function renderedInstance(request: FastifyRequest, reply: FastifyReply, service: Service): Promise<FastifyReply> {
  const resource = resourceOf(request);
  const wanted = wantedOf(request, service);
  const many = (resource.frames?.length ?? 1) > 1;
  const accepted = choose(many ? 'rendered-set' : 'rendered', wanted, OTHER_OFFERS);
  const best = accepted.find((one) => !OTHER_TYPES.includes(one.mediaType));
  const options = optionsOf(request, reply, best?.mediaType ?? 'image/jpeg', service);
  const signal = signalOf(reply);
  const file = await service.archive(request).open(resource, { signal });
  hold(file, reply);
  if (categoryOf(file) !== 'image') return sendRendition(file, wanted, options, signal, request, reply, service);
  if (best === undefined) {
    throw new DicomError('not-acceptable', 'the instance is an image, and rendered as one', {
      field: 'Accept',
    });
  }
  if (isPresentation(file))
    return sendPresented(file, resource.frames, { options, representation: best, signal }, request, reply, service);
  return sendFrames(file, resource.frames, best, options, signal, request, reply, service);
}

async function sendFrames(
  file: StoredFile,
  frames: readonly number[] | undefined,
  { mediaType, multipart }: Representation,
  options: RenderOptions,
  signal: AbortSignal,
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
): Promise<FastifyReply> {
  const baseUrl = service.baseUrl(request);
  const etag = etagOf(file, JSON.stringify(['rendered', frames, multipart, options]));
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
  if (isUnchanged(request.headers['if-none-match'], etag)) return reply.status(304).send();
  if (multipart) return sendParts(request, reply, mediaType, framesOf(file, frames, options, baseUrl, service, signal));
  const [frame = 1] = frames ?? [];
  const { renderer } = service;
  // A GIF can show all frames of a loop (Table 8.7.4-1, multi-frame image).
  const animated = frames === undefined && mediaType === 'image/gif' && (await storedFrames(file)).numberOfFrames > 1;
  const { bytes } = animated
    ? await renderer.animate(file.path, options, signal)
    : await renderer.render(file.path, frame, options, signal);
  const location = locate(baseUrl, file) + (frames === undefined ? '' : `/frames/${frame}`);
  return sendWhole(request, reply, [bytes], {
    'content-type': mediaType,
    'content-location': location,
  });
}

/** A part per frame; all frames when `frames` is undefined. */
async function* framesOf(
  file: StoredFile,
  frames: readonly number[] | undefined,
  options: RenderOptions,
  baseUrl: string,
  { renderer }: Service,
  signal: AbortSignal,
): AsyncGenerator<Part, void, undefined> {
  const { numberOfFrames } = await storedFrames(file);
  const list = frames ?? Array.from({ length: numberOfFrames }, (_, i) => i + 1);
  const beyond = list.find((frame) => frame > numberOfFrames);
  if (beyond !== undefined) {
    const detail = `frame ${beyond} does not exist: the instance has ${numberOfFrames}`;
    throw new DicomError('not-found', detail, { field: 'frames' });
  }
  for (const frame of list) {
    const { bytes, mediaType } = await renderer.render(file.path, frame, options, signal);
    const place = frames === undefined && numberOfFrames === 1 ? '' : `/frames/${frame}`;
    yield {
      headers: {
        'Content-Type': mediaType,
        'Content-Length': String(bytes.length),
        'Content-Location': locate(baseUrl, file) + place,
      },
      body: once(bytes),
    };
  }
}

/**
 * Each instance is given as what the client takes of its kind (8.6.1.2): what has no picture, and what the client takes nothing
 * of, is left out. A picture that can't be made is not: the answer would look whole.
 */
function isLeftOut(file: StoredFile, error: unknown): error is DicomError {
  if (!(error instanceof DicomError) || error.kind !== 'not-acceptable') return false;
  return categoryOf(file) !== 'image' || error.field === 'PixelData' || error.field === 'Accept';
}

async function renderedSet(request: FastifyRequest, reply: FastifyReply, service: Service): Promise<FastifyReply> {
  const resource = resourceOf(request);
  const wanted = wantedOf(request, service);
  const accepted = choose('rendered-set', wanted, OTHER_OFFERS);
  const picture = accepted.find((one) => !OTHER_TYPES.includes(one.mediaType))?.mediaType;
  const options = optionsOf(request, reply, picture ?? 'image/jpeg', service);
  const signal = signalOf(reply);
  const baseUrl = service.baseUrl(request);
  async function* partsOf(file: StoredFile): AsyncGenerator<Part, void, undefined> {
    const base = baseUrl;
    if (categoryOf(file) !== 'image') yield await renditionPart({ file, wanted, options, base, service, signal });
    else if (picture !== undefined) yield* framesOf(file, undefined, options, baseUrl, service, signal);
    else throw new DicomError('not-acceptable', 'images are not given in the types asked for', { field: 'Accept' });
  }
  async function* parts(): AsyncGenerator<Part, void, undefined> {
    let refusal: DicomError | undefined;
    let found = false;
    for await (const file of service.archive(request).retrieve(resource, { signal })) {
      try {
        await file.onDisk();
        for await (const part of partsOf(file)) {
          found = true;
          yield part;
        }
      } catch (error) {
        if (!isLeftOut(file, error)) throw error;
        refusal ??= error;
      } finally {
        file.release();
      }
    }
    if (!found) {
      throw refusal ?? new DicomError('not-found', `the ${levelOf(resource)} has no instance`, { field: 'study' });
    }
  }
  return sendParts(request, reply, picture ?? accepted[0]?.mediaType ?? 'image/jpeg', parts());
}
