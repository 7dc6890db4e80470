// WADO-RS: rendered studies, series, instances and frames (PS3.18 10.4.1.1.3, 10.4.1.1.4). A single part shows the first
// frame asked for, or as GIF and MP4 all of them in turn; multipart/related has one part per frame.

import type { FastifyReply } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import { levelOf } from '../../bridge/resource.ts';
import { DicomError } from '../../dimse/errors.ts';
import { parseRenderOptions, type RenderedMediaType, type RenderOptions } from '../../render/options.ts';
import { choose } from '../accept.ts';
import { categoryOf, OTHER_TYPES, renderedOffers } from '../category.ts';
import { etagOf, sentUnchanged, weak } from '../etag.ts';
import { type AddResource, type Exchange, queryOf, wantedOf } from '../exchange.ts';
import { placeOf } from '../file-source.ts';
import { lackingOf } from '../lacking.ts';
import { movieAmong, moviePart, movieRefusal, sendMovie } from '../movie.ts';
import type { Part } from '../multipart-writer.ts';
import { resourceOf } from '../paths.ts';
import { type Asked, isPresentation, sendPresented } from '../presented.ts';
import { renditionPart, sendRendition } from '../rendition.ts';
import { hold, once, sendParts, sendWhole } from '../respond.ts';
import { locate } from '../service.ts';
import { storedFrames } from '../stored-frames.ts';

const STUDY = '/studies/:study';
const SERIES = `${STUDY}/series/:series`;
const INSTANCE = `${SERIES}/instances/:instance`;
const FRAMES = `${INSTANCE}/frames/:frames`;

export function renderedRoutes(add: AddResource): void {
  for (const path of [STUDY, SERIES]) add(`${path}/rendered`, { GET: renderedSet });
  for (const path of [INSTANCE, FRAMES]) add(`${path}/rendered`, { GET: renderedInstance });
}

/** The options of a request, with their Warnings put into the answer. */
export function optionsOf(
  { request, reply, baseUrl }: Exchange,
  mediaType: string,
  resource: 'rendered' | 'thumbnail' = 'rendered',
): RenderOptions {
  const { options, warnings } = parseRenderOptions(queryOf(request), mediaType as RenderedMediaType, resource);
  if (warnings.length > 0) reply.header('warning', warnings.map((text) => `299 ${baseUrl}: ${text}`).join(', '));
  return options;
}

async function renderedInstance(exchange: Exchange): Promise<FastifyReply> {
  const { request, archive, signal } = exchange;
  const resource = resourceOf(request);
  const wanted = wantedOf(exchange);
  const { frames } = resource;
  const kind = (frames?.length ?? 1) > 1 ? 'rendered-set' : 'rendered';
  const accepted = choose(kind, wanted, renderedOffers(kind));
  const best = accepted.find((one) => !OTHER_TYPES.includes(one.mediaType));
  const options = optionsOf(exchange, best?.mediaType ?? 'image/jpeg');
  const file = await archive.open(resource, { signal });
  hold(file, exchange);
  if (categoryOf(file) !== 'image') return sendRendition(exchange, { file, frames, wanted, options });
  const movie = isPresentation(file) ? undefined : movieAmong(accepted);
  const refusal = movie && (await movieRefusal(exchange, file, frames));
  if (movie && !refusal) return sendMovie(exchange, { file, frames, representation: movie, options });
  if (best === undefined) throw refusal ?? notAsPicture('the instance is an image, and rendered as one');
  const asked = { file, frames, representation: best, options };
  return isPresentation(file) ? sendPresented(exchange, asked) : sendFrames(exchange, asked);
}

function notAsPicture(what: string): DicomError {
  return new DicomError('not-acceptable', what, { field: 'Accept' });
}

async function sendFrames(exchange: Exchange, asked: Asked): Promise<FastifyReply> {
  const { file, frames, representation, options } = asked;
  const { mediaType, multipart } = representation;
  const { reply, service, baseUrl, signal } = exchange;
  const etag = etagOf(file, JSON.stringify(['rendered', frames, multipart, options]));
  if (sentUnchanged(exchange, multipart ? weak(etag) : etag)) return reply;
  if (multipart) return sendParts(exchange, mediaType, framesOf(exchange, file, frames, options));
  const [frame = 1] = frames ?? [];
  const { renderer } = service;
  // A GIF can show all frames of a loop (Table 8.7.4-1, multi-frame image).
  const animated = frames === undefined && mediaType === 'image/gif' && (await storedFrames(file)).numberOfFrames > 1;
  const place = await placeOf(file, signal);
  const { bytes } = animated
    ? await renderer.animate(place, options, signal)
    : await renderer.render(place, frame, options, signal);
  const location = locate(baseUrl, file) + (frames === undefined ? '' : `/frames/${frame}`);
  return sendWhole(exchange, [bytes], {
    'content-type': mediaType,
    'content-location': location,
  });
}

/** A part per frame; all frames when `frames` is undefined. */
async function* framesOf(
  { service, baseUrl, signal }: Exchange,
  file: StoredFile,
  frames: readonly number[] | undefined,
  options: RenderOptions,
): AsyncGenerator<Part, void, undefined> {
  const { numberOfFrames } = await storedFrames(file);
  const list = frames ?? Array.from({ length: numberOfFrames }, (_, i) => i + 1);
  const beyond = list.find((frame) => frame > numberOfFrames);
  if (beyond !== undefined) {
    const detail = `frame ${beyond} does not exist: the instance has ${numberOfFrames}`;
    throw new DicomError('not-found', detail, { field: 'frames' });
  }
  const source = await placeOf(file, signal);
  for (const frame of list) {
    const { bytes, mediaType } = await service.renderer.render(source, frame, options, signal);
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

async function renderedSet(exchange: Exchange): Promise<FastifyReply> {
  const { request, archive, signal } = exchange;
  const resource = resourceOf(request);
  const wanted = wantedOf(exchange);
  const accepted = choose('rendered-set', wanted, renderedOffers('rendered-set'));
  const picture = accepted.find((one) => !OTHER_TYPES.includes(one.mediaType))?.mediaType;
  const options = optionsOf(exchange, picture ?? 'image/jpeg');
  async function* partsOf(file: StoredFile): AsyncGenerator<Part, void, undefined> {
    if (categoryOf(file) !== 'image') yield await renditionPart(exchange, { file, frames: undefined, wanted, options });
    else if (movieAmong(accepted) && !(await movieRefusal(exchange, file)))
      yield await moviePart(exchange, file, options);
    else if (picture !== undefined) yield* framesOf(exchange, file, undefined, options);
    else throw notAsPicture('images are not given in the types asked for');
  }
  async function* parts(): AsyncGenerator<Part, void, undefined> {
    let refusal: DicomError | undefined;
    let found = false;
    for await (const file of archive.retrieve(resource, { signal, onPartial: lackingOf(exchange) })) {
      try {
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
  return sendParts(exchange, picture ?? accepted[0]?.mediaType ?? 'image/jpeg', parts());
}
