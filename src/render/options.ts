// The query parameters of rendered resources (PS3.18 8.3.5.1): parsed strictly, since a value that is quietly ignored
// shows a picture other than the one asked for.

import { DicomError } from '../dimse/errors.ts';

/** A part of the source picture in its own pixels, from its top left; a negative side mirrors the picture. */
export type Region = { x: number; y: number; width?: number; height?: number };

/** The rectangle the picture is fitted into, and the part of the picture it shows. */
export type Viewport = { width: number; height: number; region?: Region };

/** A part of what is shown, in fractions from 0 to 1 from its top left (PS3.18 9.5.1.2.5). */
export type Part = { xmin: number; ymin: number; xmax: number; ymax: number };

/** A VOI window (PS3.3 C.11.2) with the function that it feeds. */
export type Window = { center: number; width: number; function: 'linear' | 'linear-exact' | 'sigmoid' };

/** Rendered media types that can be made (PS3.18 Table 8.7.4-1). */
export const RENDERED_MEDIA_TYPES = [
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
  'image/jp2',
  'image/jph',
  'image/jxl',
] as const;
export type RenderedMediaType = (typeof RENDERED_MEDIA_TYPES)[number];

/** Colour spaces of pictures (PS3.18 8.3.5.1.5); `stored` is that of the image itself, or sRGB. */
export type IccProfile = 'none' | 'stored' | 'srgb' | 'adobergb' | 'rommrgb' | 'displayp3';

/** What is written onto the picture (PS3.18 8.3.5.1.1). */
export type Annotation = 'patient' | 'technique';

/** How a frame is to be shown. */
export type RenderOptions = {
  mediaType: RenderedMediaType;
  /** 1 to 100, of lossy media types. */
  quality?: number;
  viewport?: Viewport;
  /** The part that is cut out of what a presentation state shows; pictures without a state have the region of the viewport. */
  part?: Part;
  window?: Window;
  annotation?: readonly Annotation[];
  /** The colour space that the picture is brought into, and whose profile is embedded; no profile when absent. */
  iccProfile?: IccProfile;
  /** Bits a sample, of image/png and of grey pictures; 8 when absent. */
  depth?: 16;
  /** A picture to recognise rather than to read: decoded at a lower resolution where the codestream allows it. */
  thumbnail?: boolean;
};

/** The options of a request, and the text of a Warning header about what of it is not supported. */
export type ParsedOptions = { options: RenderOptions; warnings: string[] };

/** The decoded query, in order. */
export type Query = readonly (readonly [name: string, value: string])[];

const ANNOTATIONS: readonly string[] = ['patient', 'technique'] satisfies Annotation[];
/** Values of iccprofile. */
const PROFILES: Readonly<Record<string, IccProfile>> = {
  no: 'none',
  yes: 'stored',
  srgb: 'srgb',
  adobergb: 'adobergb',
  rommrgb: 'rommrgb',
  displayp3: 'displayp3',
};
/** Media types whose encoder embeds no profile. */
const WITHOUT_PROFILES: readonly string[] = ['image/gif', 'image/jxl'] satisfies RenderedMediaType[];
const FUNCTIONS = ['linear', 'linear-exact', 'sigmoid'] as const;
/** Enough for any display; a larger picture would only cost memory. */
const MAX_SIDE = 8192;

/**
 * Parses annotation, quality, viewport, window and iccprofile; other parameters are not looked at.
 * @throws DicomError `malformed` with the parameter's name as field
 */
export function parseRenderOptions(
  query: Query,
  mediaType: RenderedMediaType,
  resource: 'rendered' | 'thumbnail' = 'rendered',
): ParsedOptions {
  const thumbnail = resource === 'thumbnail';
  const viewport = parseViewport(single(query, 'viewport'), thumbnail);
  const quality = parseQuality(single(query, 'quality'));
  const window = parseWindow(single(query, 'window'));
  const iccProfile = parseProfile(single(query, 'iccprofile'), mediaType);
  const depth = parseDepth(single(query, 'depth'), mediaType);
  const annotation = parseAnnotation(single(query, 'annotation'));
  // Nothing that identifies a patient is written on a thumbnail (10.4.3.3.4).
  const warnings = thumbnail && annotation ? [`The following annotation values are not supported: ${annotation}`] : [];
  const options: RenderOptions = {
    mediaType,
    ...(viewport && { viewport }),
    ...(quality !== undefined && { quality }),
    ...(window && { window }),
    ...(depth && !thumbnail && { depth }),
    ...(annotation && !thumbnail && { annotation }),
    ...(iccProfile && { iccProfile }),
    ...(thumbnail && { thumbnail }),
  };
  return { options, warnings };
}

function single(query: Query, name: string): string | undefined {
  const values = query.filter(([key]) => key === name);
  if (values.length > 1) throw malformed(name, 'is given more than once');
  return values[0]?.[1];
}

function parseQuality(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const quality = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (quality < 1 || quality > 100) throw malformed('quality', 'must be an integer from 1 to 100');
  return quality;
}

/** An extension: grey pictures as PNG of 16 bits, which the standard allows and has no parameter for (Table 8.7.4-1). */
function parseDepth(text: string | undefined, mediaType: string): 16 | undefined {
  if (text === undefined || text === '8') return undefined;
  if (text !== '16' || mediaType !== 'image/png') throw malformed('depth', 'is 8, or for image/png 16');
  return 16;
}

function parseViewport(text: string | undefined, sizeOnly: boolean): Viewport | undefined {
  if (text === undefined) return undefined;
  const parts = text.split(',');
  if (parts.length > (sizeOnly ? 2 : 6)) throw malformed('viewport', `takes at most ${sizeOnly ? 2 : 6} numbers`);
  const [width, height] = [parts[0], parts[1]].map((part) => (/^\d{1,5}$/.test(part ?? '') ? Number(part) : 0));
  if (!width || !height) throw malformed('viewport', 'needs a width and a height, both positive integers');
  if (width > MAX_SIDE || height > MAX_SIDE)
    throw malformed('viewport', `may be at most ${MAX_SIDE} pixels wide and high`);
  if (parts.length === 2) return { width, height };
  return { width, height, region: parseRegion(parts.slice(2)) };
}

function parseRegion(parts: string[]): Region {
  const [x, y, width, height] = parts.map((part) => (part.trim() === '' ? undefined : decimal('viewport', part)));
  if (width === 0 || height === 0) throw malformed('viewport', 'names a region without area');
  return {
    x: Math.abs(x ?? 0),
    y: Math.abs(y ?? 0),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
  };
}

function parseWindow(text: string | undefined): Window | undefined {
  if (text === undefined) return undefined;
  const parts = text.split(',');
  if (parts.length !== 3) throw malformed('window', 'needs a center, a width and a function');
  const [center, width] = [decimal('window', parts[0] ?? ''), decimal('window', parts[1] ?? '')];
  const name = FUNCTIONS.find((known) => known === parts[2]);
  if (!name) throw malformed('window', `knows the functions ${FUNCTIONS.join(', ')}`);
  if (name === 'linear' ? width < 1 : width <= 0) throw malformed('window', 'has a width that is too small');
  return { center, width, function: name };
}

/** A list of `patient` and `technique`. @throws DicomError `malformed` for anything else in it */
export function parseAnnotation(text: string | undefined): readonly Annotation[] | undefined {
  if (text === undefined) return undefined;
  const values = text.split(',');
  if (!values.every(isAnnotation)) throw malformed('annotation', `is a list of ${ANNOTATIONS.join(', ')}`);
  return values;
}

function isAnnotation(value: string): value is Annotation {
  return ANNOTATIONS.includes(value);
}

function parseProfile(text: string | undefined, mediaType: string): IccProfile | undefined {
  if (text === undefined) return undefined;
  const profile = PROFILES[text];
  if (profile === undefined) throw malformed('iccprofile', `is one of ${Object.keys(PROFILES).join(', ')}`);
  if (profile !== 'none' && WITHOUT_PROFILES.includes(mediaType)) {
    throw malformed('iccprofile', `must be no: ${mediaType} cannot embed profiles here`);
  }
  return profile;
}

function decimal(field: string, text: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(text.trim()))
    throw malformed(field, 'holds something else than numbers');
  const number = Number(text);
  if (!Number.isFinite(number)) throw malformed(field, 'holds a number beyond measure');
  return number;
}

function malformed(field: string, what: string): DicomError {
  return new DicomError('malformed', `The parameter ${field} ${what}`, { field });
}
