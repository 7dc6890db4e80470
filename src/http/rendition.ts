// Instances that are no images, rendered (PS3.18 8.7.4): documents and video as they are, reports as pages or text, waveforms
// as plots.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StoredFile } from '../bridge/gateway.ts';
import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { DicomError } from '../dimse/errors.ts';
import { openVideo } from '../render/frames/video.ts';
import type { RenderOptions } from '../render/options.ts';
import type { ReportMediaType } from '../render/report/report.ts';
import type { PlotMediaType } from '../render/waveform/render.ts';
import { choose, type Representation, type Wanted } from './accept.ts';
import { type Category, categoryOf } from './category.ts';
import { charsetsOf, encodeText } from './charset.ts';
import { etagOf, isUnchanged } from './etag.ts';
import type { Part } from './multipart-writer.ts';
import type { Offer } from './offers.ts';
import { askedRange } from './partial.ts';
import { sendUnsatisfiable } from './problem.ts';
import { once, sendParts, sendStream } from './respond.ts';
import { locate, type Service } from './service.ts';

/** What an instance is rendered to; `read` gives bytes from `start` to before `end`. */
type Rendition = {
  mediaType: string;
  /** Of text. */
  charset?: string;
  multipart: boolean;
  length: number;
  read(start: number, end: number): AsyncIterable<Buffer>;
};

/** What goes into one: the instance, what the client takes, and how pictures are to be. */
type Asked = {
  file: StoredFile;
  wanted: Wanted;
  options: RenderOptions;
  base: string;
  /** For text, the best first; UTF-8 when absent. */
  charsets?: readonly string[];
  service: Service;
  signal: AbortSignal;
};

const RENDITIONS: Readonly<Record<Exclude<Category, 'image'>, (asked: Asked) => Promise<Rendition>>> = {
  document: documentOf,
  report: reportOf,
  waveform: waveformOf,
  video: videoOf,
};

/** Sends an instance that is no image. @throws DicomError `not-acceptable` when the client takes none of its types */
export async function sendRendition(
  file: StoredFile,
  wanted: Wanted,
  options: RenderOptions,
  signal: AbortSignal,
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
): Promise<FastifyReply> {
  const base = service.baseUrl(request);
  const charsets = charsetsOf(request);
  const rendition = await renditionOf({ file, wanted, options, base, charsets, service, signal });
  const { mediaType, multipart, length, read } = rendition;
  if (multipart) return sendParts(request, reply, mediaType, onePart(partOf(rendition, file, base)));
  const etag = etagOf(file, JSON.stringify(['rendition', mediaType, rendition.charset, base, options]));
  reply.headers({ etag, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes' });
  if (isUnchanged(request.headers['if-none-match'], etag)) return reply.status(304).send();
  // Somebody else's page must not run as one of this origin. (A sandboxed PDF would not show at all.)
  if (mediaType !== 'application/pdf') reply.header('content-security-policy', SANDBOX);
  const range = askedRange(request, etag, length);
  if (range === 'unsatisfiable') return sendUnsatisfiable(length, request, reply);
  const headers = headersOf(rendition, file, base);
  if (range === undefined) return sendStream(request, reply, read(0, length), headers);
  reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${length}`);
  const part = { ...headers, 'content-length': String(range.end - range.start + 1) };
  return sendStream(request, reply, read(range.start, range.end + 1), part);
}

/** Pages of reports have styles and links of their own, and need nothing else. */
const SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** An instance that is no image as a part of a study or series rendered. @throws DicomError as `sendRendition` does */
export async function renditionPart(asked: Asked): Promise<Part> {
  return partOf(await renditionOf(asked), asked.file, asked.base);
}

async function renditionOf(asked: Asked): Promise<Rendition> {
  const category = categoryOf(asked.file);
  if (category === 'image') throw new DicomError('not-acceptable', 'the instance is an image', { field: 'Accept' });
  return RENDITIONS[category](asked);
}

function headersOf({ mediaType, charset, length }: Rendition, file: StoredFile, base: string): Record<string, string> {
  return {
    'content-type': charset === undefined ? mediaType : `${mediaType}; charset=${charset}`,
    'content-length': String(length),
    'content-location': locate(base, file),
  };
}

function partOf(rendition: Rendition, file: StoredFile, base: string): Part {
  const headers = headersOf(rendition, file, base);
  return {
    headers: {
      'Content-Type': headers['content-type'] ?? '',
      'Content-Length': headers['content-length'] ?? '',
      'Content-Location': headers['content-location'] ?? '',
    },
    body: rendition.read(0, rendition.length),
  };
}

async function* onePart(part: Part): AsyncGenerator<Part, void, undefined> {
  yield part;
}

/** The best of what the client takes among the types that this instance has. */
function bestOf(wanted: Wanted, mediaTypes: readonly string[]): Representation {
  const offers: Offer[] = mediaTypes.flatMap((mediaType) =>
    [false, true].map((multipart) => ({ mediaType, multipart })),
  );
  const [best] = choose('rendition', wanted, offers);
  if (best === undefined) throw new DicomError('not-acceptable', 'the client takes no type of the instance');
  return best;
}

function whole(bytes: Buffer, { mediaType, multipart }: Representation): Rendition {
  return { mediaType, multipart, length: bytes.length, read: (start, end) => once(bytes.subarray(start, end)) };
}

const ENCAPSULATED_DOCUMENT = '00420011';

async function documentOf({ file, wanted, service }: Asked): Promise<Rendition> {
  const document = await service.gateway.bulkdata(file, ENCAPSULATED_DOCUMENT);
  const { multipart } = bestOf(wanted, [document.mediaType]);
  const { mediaType, length } = document;
  return { mediaType, multipart, length, read: (start, end) => within(document.read(), start, end) };
}

/** The bytes from `start` to before `end` of a stream that begins at 0. */
async function* within(
  bytes: AsyncIterable<Buffer>,
  start: number,
  end: number,
): AsyncGenerator<Buffer, void, undefined> {
  let at = 0;
  for await (const chunk of bytes) {
    const part = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (part.length > 0) yield part;
    at += chunk.length;
    if (at >= end) return;
  }
}

async function reportOf({ file, wanted, base, charsets, service, signal }: Asked): Promise<Rendition> {
  const best = bestOf(wanted, ['text/html', 'text/plain']);
  const text = await service.renderer.report(file.path, best.mediaType as ReportMediaType, base, signal);
  const { charset, bytes } = encodeText(text.toString('utf8'), charsets ?? ['utf-8']);
  return { ...whole(bytes, best), charset };
}

const PLOTS: readonly PlotMediaType[] = ['image/svg+xml', 'image/png', 'image/jpeg', 'image/gif', 'image/webp'];

async function waveformOf({ file, wanted, options, service, signal }: Asked): Promise<Rendition> {
  const best = bestOf(wanted, PLOTS);
  const { mediaType: _type, ...how } = options;
  return whole(await service.renderer.plot(file.path, best.mediaType as PlotMediaType, how, signal), best);
}

/** HEVC is also given to who takes video/mp4, which is how it is stored (PS3.5 8.2.8). */
async function videoOf({ file, wanted }: Asked): Promise<Rendition> {
  const stored = transferSyntax(file.transferSyntaxUid)?.mediaType ?? 'video/mp4';
  const { mediaType, multipart } = bestOf(wanted, stored === 'video/H265' ? ['video/mp4', stored] : [stored]);
  const { length, read } = await openVideo(file.path);
  return { mediaType, multipart, length, read };
}
