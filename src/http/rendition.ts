// Instances that are no images, rendered (PS3.18 8.7.4): documents and video as they are, reports as pages or text, waveforms
// as plots.

import type { FastifyReply } from 'fastify';
import type { StoredFile } from '../bridge/gateway.ts';
import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { toXml } from '../dimse/data/xml.ts';
import { DicomError } from '../dimse/errors.ts';
import { openVideo } from '../render/movie/stored-video.ts';
import { RENDERED_MEDIA_TYPES, type RenderOptions } from '../render/options.ts';
import type { ReportMediaType } from '../render/report/report.ts';
import type { PlotMediaType } from '../render/waveform/render.ts';
import { choose, type Representation, type Wanted } from './accept.ts';
import { type Category, categoryOf } from './category.ts';
import { charsetsOf, encodeText } from './charset.ts';
import { etagOf, sentUnchanged } from './etag.ts';
import type { Exchange } from './exchange.ts';
import { placeOf } from './file-source.ts';
import type { Part } from './multipart-writer.ts';
import { inBothForms } from './offers.ts';
import { within } from './partial.ts';
import { type Content, once, sendContent, sendParts } from './respond.ts';
import { locate } from './service.ts';

/** What an instance is rendered to. */
type Rendition = Content & {
  mediaType: string;
  /** Of text. */
  charset?: string;
  multipart: boolean;
};

/** What goes into one: the instance, what the client takes, and how pictures are to be. */
type Asked = {
  file: StoredFile;
  /** Of a video, where a picture of it is wanted. */
  frames: readonly number[] | undefined;
  wanted: Wanted;
  options: RenderOptions;
  /** For text, the best first; UTF-8 when absent. */
  charsets?: readonly string[];
};

const RENDITIONS: Readonly<
  Record<Exclude<Category, 'image'>, (exchange: Exchange, asked: Asked) => Promise<Rendition>>
> = {
  document: documentOf,
  report: reportOf,
  waveform: waveformOf,
  video: videoOf,
};

/** Sends an instance that is no image. @throws DicomError `not-acceptable` when the client takes none of its types */
export async function sendRendition(exchange: Exchange, asked: Asked): Promise<FastifyReply> {
  const { request, reply, baseUrl } = exchange;
  const { file, frames, options } = asked;
  const rendition = await renditionOf(exchange, { ...asked, charsets: charsetsOf(request) });
  const { mediaType, charset, multipart } = rendition;
  if (multipart) return sendParts(exchange, mediaType, once(partOf(rendition, file, baseUrl)));
  const etag = etagOf(file, JSON.stringify(['rendition', mediaType, charset, baseUrl, frames, options]));
  if (sentUnchanged(exchange, etag)) return reply;
  // Somebody else's page must not run as one of this origin. (A sandboxed PDF would not show at all.)
  if (mediaType !== 'application/pdf') reply.header('content-security-policy', SANDBOX);
  return sendContent(exchange, rendition, {
    'content-type': contentTypeOf(rendition),
    'content-location': locate(baseUrl, file),
  });
}

/** Pages of reports have styles and links of their own, and need nothing else. */
const SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** An instance that is no image as a part of a study or series rendered. @throws DicomError as `sendRendition` does */
export async function renditionPart(exchange: Exchange, asked: Asked): Promise<Part> {
  return partOf(await renditionOf(exchange, asked), asked.file, exchange.baseUrl);
}

async function renditionOf(exchange: Exchange, asked: Asked): Promise<Rendition> {
  const category = categoryOf(asked.file);
  if (category === 'image') throw new DicomError('not-acceptable', 'the instance is an image', { field: 'Accept' });
  return RENDITIONS[category](exchange, asked);
}

function contentTypeOf({ mediaType, charset }: Rendition): string {
  return charset === undefined ? mediaType : `${mediaType}; charset=${charset}`;
}

function partOf(rendition: Rendition, file: StoredFile, baseUrl: string): Part {
  const { length, read } = rendition;
  return {
    headers: {
      'Content-Type': contentTypeOf(rendition),
      'Content-Length': String(length),
      'Content-Location': locate(baseUrl, file),
    },
    body: read({ start: 0, end: length - 1 }),
  };
}

/** The best of what the client takes among the types that this instance has. */
function bestOf(wanted: Wanted, mediaTypes: readonly string[]): Representation {
  const [best] = choose('rendition', wanted, mediaTypes.flatMap(inBothForms));
  if (best === undefined) throw new DicomError('not-acceptable', 'the client takes no type of the instance');
  return best;
}

function whole(bytes: Buffer, { mediaType, multipart }: Representation): Rendition {
  return { mediaType, multipart, length: bytes.length, read: ({ start, end }) => once(bytes.subarray(start, end + 1)) };
}

const ENCAPSULATED_DOCUMENT = '00420011';

async function documentOf({ service }: Exchange, { file, wanted }: Asked): Promise<Rendition> {
  const document = await service.gateway.bulkdata(file, ENCAPSULATED_DOCUMENT);
  const { multipart } = bestOf(wanted, [document.mediaType]);
  const { mediaType, length } = document;
  return { mediaType, multipart, length, read: (range) => within(document.read(), range) };
}

/** As text/xml a report is its Native DICOM Model (PS3.19 A.1): the one XML that the standard has for it. */
async function reportOf(exchange: Exchange, { file, wanted, charsets }: Asked): Promise<Rendition> {
  const { service, baseUrl, signal } = exchange;
  const best = bestOf(wanted, ['text/html', 'text/plain', 'text/xml']);
  if (best.mediaType === 'text/xml') return { ...whole(await nativeModel(exchange, file), best), charset: 'utf-8' };
  const place = await placeOf(file, signal);
  const text = await service.renderer.report(place, best.mediaType as ReportMediaType, baseUrl, signal);
  const { charset, bytes } = encodeText(text.toString('utf8'), charsets ?? ['utf-8']);
  return { ...whole(bytes, best), charset };
}

async function nativeModel({ service, baseUrl }: Exchange, file: StoredFile): Promise<Buffer> {
  return Buffer.from(toXml(await service.gateway.describe(file, baseUrl)));
}

const PLOTS: readonly PlotMediaType[] = ['image/svg+xml', 'image/png', 'image/jpeg', 'image/gif', 'image/webp'];

async function waveformOf({ service, signal }: Exchange, { file, wanted, options }: Asked): Promise<Rendition> {
  const best = bestOf(wanted, PLOTS);
  const { mediaType: _type, ...how } = options;
  const place = await placeOf(file, signal);
  return whole(await service.renderer.plot(place, best.mediaType as PlotMediaType, how, signal), best);
}

const PICTURES: readonly string[] = RENDERED_MEDIA_TYPES;

/**
 * HEVC is also given to who takes video/mp4, which is how it is stored (PS3.5 8.2.8). Pictures of single frames take an ffmpeg.
 */
async function videoOf({ service, signal }: Exchange, { file, frames, wanted, options }: Asked): Promise<Rendition> {
  const stored = transferSyntax(file.transferSyntaxUid)?.mediaType ?? 'video/mp4';
  const types = stored === 'video/H265' ? ['video/mp4', stored] : [stored];
  const best = bestOf(wanted, service.renderer.hasFfmpeg ? [...types, ...PICTURES] : types);
  if (types.includes(best.mediaType)) {
    const { length, read } = await openVideo(await placeOf(file, signal));
    return { ...best, length, read: ({ start, end }) => read(start, end + 1) };
  }
  const [frame = 1, another] = frames ?? [];
  if (another !== undefined)
    throw new DicomError('not-acceptable', 'a video shows one frame at a time', { field: 'frames' });
  const mediaType = best.mediaType as RenderOptions['mediaType'];
  // Which reads a file, and nothing else.
  await file.onDisk(signal);
  return whole(await service.renderer.still(file.path, frame, { ...options, mediaType }, signal), best);
}
