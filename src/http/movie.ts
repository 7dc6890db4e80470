// A multi-frame image as video/mp4, for who would rather have that than a picture (PS3.18 Table 8.7.4-1).

import type { FastifyReply } from 'fastify';
import type { StoredFile } from '../bridge/gateway.ts';
import { DicomError } from '../dimse/errors.ts';
import type { Representation } from './accept.ts';
import { OTHER_TYPES } from './category.ts';
import { etagOf, sentUnchanged } from './etag.ts';
import type { Exchange } from './exchange.ts';
import { placeOf } from './file-source.ts';
import { keptOr } from './kept.ts';
import type { Part } from './multipart-writer.ts';
import type { Asked } from './presented.ts';
import { once, sendParts, sendWhole } from './respond.ts';
import { locate } from './service.ts';
import { storedFrames } from './stored-frames.ts';

const MOVIE = 'video/mp4';
/** To be raised when videos come out differently: those that are kept are then made anew. */
const KIND = 'movie-1';

/** The video among the representations that a client takes, where it comes before every picture. */
export function movieAmong(accepted: readonly Representation[]): Representation | undefined {
  const first = accepted.find(({ mediaType }) => mediaType === MOVIE || !OTHER_TYPES.includes(mediaType));
  return first?.mediaType === MOVIE ? first : undefined;
}

/** Why no video can be made of an image; undefined where one can. `frames` are those that are asked for by number. */
export async function movieRefusal(
  { service }: Exchange,
  file: StoredFile,
  frames?: readonly number[],
): Promise<DicomError | undefined> {
  const isLoop = frames === undefined && (await storedFrames(file)).numberOfFrames > 1;
  if (!isLoop) return notAsMovie('a video is made of all frames of a multi-frame image');
  if (!service.renderer.hasFfmpeg) return notAsMovie('there is no ffmpeg on this system, which videos are made with');
  return undefined;
}

function notAsMovie(why: string): DicomError {
  return new DicomError('not-acceptable', why, { field: 'Accept' });
}

/** Sends all frames of an image as a video, of which any range can be asked for. */
export async function sendMovie(exchange: Exchange, { file, representation, options }: Asked): Promise<FastifyReply> {
  if (representation.multipart) return sendParts(exchange, MOVIE, once(await moviePart(exchange, file, options)));
  if (sentUnchanged(exchange, etagOf(file, JSON.stringify([KIND, options])))) return exchange.reply;
  return sendWhole(exchange, [await movieOf(exchange, file, options)], {
    'content-type': MOVIE,
    'content-location': locate(exchange.baseUrl, file),
  });
}

/** The video as a part of a series rendered. */
export async function moviePart(exchange: Exchange, file: StoredFile, options: Asked['options']): Promise<Part> {
  const bytes = await movieOf(exchange, file, options);
  return {
    headers: {
      'Content-Type': MOVIE,
      'Content-Length': String(bytes.length),
      'Content-Location': locate(exchange.baseUrl, file),
    },
    body: once(bytes),
  };
}

/** Players ask for one range after the other: what has been made as the image says is kept. */
function movieOf({ service, signal }: Exchange, file: StoredFile, options: Asked['options']): Promise<Buffer> {
  const { mediaType: _type, ...changes } = options;
  const kind = Object.keys(changes).length === 0 ? KIND : undefined;
  return keptOr(file, kind, async () => service.renderer.movie(await placeOf(file, signal), options, signal));
}
