// WADO-URI: an instance as a picture, under a presentation state where one is named (PS3.18 9.5).

import type { FastifyReply } from 'fastify';
import type { StoredFile } from '../../bridge/gateway.ts';
import { DicomError } from '../../dimse/errors.ts';
import { openImage } from '../../render/frames/image.ts';
import type { RenderOptions } from '../../render/options.ts';
import { etagOf, sentUnchanged } from '../etag.ts';
import type { Exchange } from '../exchange.ts';
import { placeOf } from '../file-source.ts';
import { firstFrameUnder, presentationOf } from '../presented.ts';
import { hold, sendWhole } from '../respond.ts';
import { locate } from '../service.ts';
import { renderOptionsOf, type WadoRendering } from './options.ts';

/** `isLoop`: there are several frames, and none is asked for. */
type Picture = { frame: number; options: RenderOptions; isLoop: boolean; state?: StoredFile };

/** Sends the picture asked for. @throws DicomError `malformed` for a frame or a presentation state that is not there */
export async function sendPicture(
  exchange: Exchange,
  file: StoredFile,
  asked: WadoRendering,
  mediaType: string,
): Promise<FastifyReply> {
  const { reply, baseUrl } = exchange;
  const picture = await pictureOf(exchange, file, asked, mediaType);
  const etag = etagOf(file, JSON.stringify(['wado', asked, mediaType, picture.state && etagOf(picture.state, '')]));
  reply.header('content-location', locate(baseUrl, file));
  if (sentUnchanged(exchange, etag)) return reply;
  const bytes = await draw(exchange, file, picture);
  return sendWhole(exchange, [bytes], { 'content-type': mediaType });
}

async function pictureOf(
  exchange: Exchange,
  file: StoredFile,
  asked: WadoRendering,
  mediaType: string,
): Promise<Picture> {
  const image = await openImage(await placeOf(file, exchange.signal));
  const options = renderOptionsOf(asked, image, mediaType);
  const { presentation, frame = 1 } = asked;
  if (frame > image.numberOfFrames) {
    const detail = `frameNumber is beyond the last frame: the instance has ${image.numberOfFrames}`;
    throw new DicomError('malformed', detail, { field: 'frameNumber' });
  }
  const isLoop = asked.frame === undefined && image.numberOfFrames > 1;
  if (presentation === undefined) return { frame, options, isLoop };
  const resource = { study: file.studyInstanceUid, ...presentation };
  const { file: state, state: shows } = await presentationOf(exchange.archive, resource, exchange.signal);
  hold(state, exchange);
  return { frame: firstFrameUnder(shows, file.sopInstanceUid), options, isLoop: false, state };
}

/** A GIF of a loop shows all its frames (Table 8.7.4-1). */
async function draw(
  { service, signal }: Exchange,
  file: StoredFile,
  { frame, options, isLoop, state }: Picture,
): Promise<Buffer> {
  const { renderer } = service;
  const place = await placeOf(file, signal);
  if (state !== undefined) {
    return (await renderer.present(await placeOf(state, signal), place, frame, options, signal)).bytes;
  }
  const isMoving = isLoop && options.mediaType === 'image/gif';
  const drawn = isMoving ? renderer.animate(place, options, signal) : renderer.render(place, frame, options, signal);
  return (await drawn).bytes;
}
