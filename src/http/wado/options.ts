// The parameters of WADO-URI (PS3.18 9.1.2, 9.4.1.2, 9.5.1.2): named and written otherwise than those of WADO-RS, with the
// same meaning in the end.

import { DicomError } from '../../dimse/errors.ts';
import { numberOf } from '../../render/attributes.ts';
import type { Image } from '../../render/frames/image.ts';
import {
  type Part,
  parseAnnotation,
  type RenderedMediaType,
  type RenderOptions,
  type Viewport,
} from '../../render/options.ts';
import { uid } from '../paths.ts';
import { type Query, single } from '../query.ts';

/** What is asked of the picture, but for what needs the picture's size. */
export type WadoRendering = {
  /** The first, where none is named. */
  frame?: number;
  quality?: number;
  rows?: number;
  columns?: number;
  region?: Part;
  window?: { center: number; width: number; function: 'linear' };
  annotation?: RenderOptions['annotation'];
  presentation?: { series: string; instance: string };
};

const POSITIVE = /^[1-9]\d{0,8}$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;
/** As of `viewport` in WADO-RS; also what a side is limited to of which nothing is said. */
const LARGEST_SIDE = 8192;

function malformed(field: string, what: string): DicomError {
  return new DicomError('malformed', `${field} ${what}`, { field });
}

function positive(query: Query, name: string): number | undefined {
  const text = single(query, name);
  if (text === undefined) return undefined;
  if (!POSITIVE.test(text)) throw malformed(name, 'is not a positive integer');
  return Number(text);
}

function decimal(query: Query, name: string): number | undefined {
  const text = single(query, name);
  if (text === undefined) return undefined;
  if (!DECIMAL.test(text) || !Number.isFinite(Number(text))) throw malformed(name, 'is not a decimal number');
  return Number(text);
}

function regionOf(query: Query): WadoRendering['region'] {
  const text = single(query, 'region');
  if (text === undefined) return undefined;
  const numbers = text.split(',').map((piece) => (DECIMAL.test(piece) ? Number(piece) : Number.NaN));
  const [xmin = Number.NaN, ymin = Number.NaN, xmax = Number.NaN, ymax = Number.NaN] = numbers;
  const inside = numbers.length === 4 && numbers.every((n) => n >= 0 && n <= 1);
  if (!inside || !(xmin < xmax) || !(ymin < ymax)) {
    throw malformed('region', 'is not xmin,ymin,xmax,ymax from 0 to 1 with min below max');
  }
  return { xmin, ymin, xmax, ymax };
}

function windowOf(query: Query): WadoRendering['window'] {
  const center = decimal(query, 'windowCenter');
  const width = decimal(query, 'windowWidth');
  if (center === undefined && width === undefined) return undefined;
  if (center === undefined) throw malformed('windowCenter', 'is missing beside windowWidth');
  if (width === undefined) throw malformed('windowWidth', 'is missing beside windowCenter');
  // PS3.3 C.11.2.1.2: the linear function needs a width of at least 1.
  if (width < 1) throw malformed('windowWidth', 'is less than 1');
  return { center, width, function: 'linear' };
}

/** The table of PS3.18 9.5.1 says imageAnnotation, its syntax line annotation. */
function annotationOf(query: Query): WadoRendering['annotation'] {
  return parseAnnotation(single(query, 'imageAnnotation') ?? single(query, 'annotation'));
}

/** A presentation state decides what else these parameters would (9.5.1.2.7). */
function presentationOf(query: Query): WadoRendering['presentation'] {
  const series = single(query, 'presentationSeriesUID');
  const instance = single(query, 'presentationUID');
  if (series === undefined && instance === undefined) return undefined;
  if (series === undefined) throw malformed('presentationSeriesUID', 'is missing beside presentationUID');
  if (instance === undefined) throw malformed('presentationUID', 'is missing beside presentationSeriesUID');
  for (const name of ['windowCenter', 'windowWidth', 'frameNumber']) {
    if (single(query, name) !== undefined) throw malformed(name, 'must not be given with presentationUID');
  }
  return { series: uid(series, 'presentationSeriesUID'), instance: uid(instance, 'presentationUID') };
}

/** @throws DicomError `malformed` naming the parameter */
export function parseWadoRendering(query: Query): WadoRendering {
  const presentation = presentationOf(query);
  const quality = positive(query, 'imageQuality');
  if (quality !== undefined && quality > 100) throw malformed('imageQuality', 'is not an integer from 1 to 100');
  const [rows, columns] = [positive(query, 'rows'), positive(query, 'columns')];
  const [region, window, annotation] = [regionOf(query), windowOf(query), annotationOf(query)];
  const frame = positive(query, 'frameNumber');
  return {
    ...(frame === undefined ? {} : { frame }),
    ...(presentation === undefined ? {} : { presentation }),
    ...(quality === undefined ? {} : { quality }),
    ...(rows === undefined ? {} : { rows }),
    ...(columns === undefined ? {} : { columns }),
    ...(region === undefined ? {} : { region }),
    ...(window === undefined ? {} : { window }),
    ...(annotation === undefined ? {} : { annotation }),
  };
}

/** The options of a picture of `image`, with its region in pixels, or in fractions of what a state shows; none of what is no image. */
export function renderOptionsOf(asked: WadoRendering, image: Image | undefined, mediaType: string): RenderOptions {
  const { quality, window, annotation, presentation, region } = asked;
  const part = presentation === undefined ? undefined : region;
  const viewport = viewportOf(asked, part === undefined ? image : undefined);
  return {
    mediaType: mediaType as RenderedMediaType,
    ...(quality === undefined ? {} : { quality }),
    ...(window === undefined ? {} : { window }),
    ...(annotation === undefined ? {} : { annotation }),
    ...(viewport === undefined ? {} : { viewport }),
    ...(part === undefined ? {} : { part }),
  };
}

function viewportOf({ rows, columns, region }: WadoRendering, image: Image | undefined): Viewport | undefined {
  const limit = (side: number | undefined): number => Math.min(side ?? LARGEST_SIDE, LARGEST_SIDE);
  const sized = rows !== undefined || columns !== undefined;
  if (region === undefined || image === undefined)
    return sized ? { width: limit(columns), height: limit(rows) } : undefined;
  const [height, width] = [numberOf(image.attributes, '00280010') ?? 1, numberOf(image.attributes, '00280011') ?? 1];
  const x = Math.floor(region.xmin * width);
  const y = Math.floor(region.ymin * height);
  const part = {
    x,
    y,
    width: Math.max(1, Math.round(region.xmax * width) - x),
    height: Math.max(1, Math.round(region.ymax * height) - y),
  };
  return sized
    ? { width: limit(columns), height: limit(rows), region: part }
    : { width: part.width, height: part.height, region: part };
}
