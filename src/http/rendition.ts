// Instances that are no images, rendered (PS3.18 8.7.4): documents and video as they are, reports as pages or text, waveforms
// as plots.

import type { FastifyReply } from 'fastify';
import type { StoredFile } from '../bridge/gateway.ts';
import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { DicomError } from '../dimse/errors.ts';
import { openVideo } from '../render/movie/stored-video.ts';
import type { RenderOptions } from '../render/options.ts';
import type { ReportMediaType } from '../render/report/report.ts';
import type { PlotMediaType } from '../render/waveform/render.ts';
import { choose, type Representation, type Wanted } from './accept.ts';
import { type Category, categoryOf } from './category.ts';
import { charsetsOf, encodeText } from './charset.ts';
import { etagOf, sentUnchanged } from './etag.ts';
import type { Exchange } from './exchange.ts';
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
export async function sendRendition(
  exchange: Exchange,
  file: StoredFile,
  wanted: Wanted,
  options: RenderOptions,
): Promise<FastifyReply> {
  const { request, reply, baseUrl } = exchange;
  const rendition = await renditionOf(exchange, { file, wanted, options, charsets: charsetsOf(request) });
  const { mediaType, charset, multipart } = rendition;
  if (multipart) return sendParts(exchange, mediaType, once(partOf(rendition, file, baseUrl)));
  const etag = etagOf(file, JSON.stringify(['rendition', mediaType, charset, baseUrl, options]));
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

async function reportOf({ service, baseUrl, signal }: Exchange, { file, wanted, charsets }: Asked): Promise<Rendition> {
  const best = bestOf(wanted, ['text/html', 'text/plain']);
  const text = await service.renderer.report(file.path, best.mediaType as ReportMediaType, baseUrl, signal);
  const { charset, bytes } = encodeText(text.toString('utf8'), charsets ?? ['utf-8']);
  return { ...whole(bytes, best), charset };
}

const PLOTS: readonly PlotMediaType[] = ['image/svg+xml', 'image/png', 'image/jpeg', 'image/gif', 'image/webp'];

async function waveformOf({ service, signal }: Exchange, { file, wanted, options }: Asked): Promise<Rendition> {
  const best = bestOf(wanted, PLOTS);
  const { mediaType: _type, ...how } = options;
  return whole(await service.renderer.plot(file.path, best.mediaType as PlotMediaType, how, signal), best);
}

/** HEVC is also given to who takes video/mp4, which is how it is stored (PS3.5 8.2.8). */
async function videoOf(_exchange: Exchange, { file, wanted }: Asked): Promise<Rendition> {
  const stored = transferSyntax(file.transferSyntaxUid)?.mediaType ?? 'video/mp4';
  const { mediaType, multipart } = bestOf(wanted, stored === 'video/H265' ? ['video/mp4', stored] : [stored]);
  const { length, read } = await openVideo(file.path);
  return { mediaType, multipart, length, read: ({ start, end }) => read(start, end + 1) };
}
