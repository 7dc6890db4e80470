// A frame as a presentation state wants it, on one screen (PS3.4 N.2): mask → LUTs or palette → shutter → overlays → rotation
// and flip → displayed area → annotations.

import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { textOf } from '../attributes.ts';
import { type Canvas, canvasFor } from '../canvas/canvas.ts';
import { readShutter, shuttered } from '../canvas/shutter.ts';
import { decodeFrame, type Frame } from '../codec/decode.ts';
import type { Codecs } from '../codec/wasm.ts';
import { readPalette } from '../colour/palette.ts';
import { supplementalPalette, withSupplementalColours } from '../colour/supplemental-palette.ts';
import type { Image } from '../frames/image.ts';
import { lookUp } from '../gray/voi.ts';
import { profileIn, storedProfile } from '../icc/stored-profile.ts';
import type { RenderOptions } from '../options.ts';
import { pixelAspect } from '../output/aspect.ts';
import type { Overlay } from '../output/encode.ts';
import { colours, type Picture } from '../picture.ts';
import type { Scratch } from '../scratch.ts';
import type { Typeface } from '../text/typeface.ts';
import { activatedOverlays, withOverlays } from './activated-overlays.ts';
import { annotationsOf } from './annotations.ts';
import { cutOut } from './cut-out.ts';
import { placementOf } from './displayed-area.ts';
import { maskFor, subtracted } from './mask.ts';
import type { Target } from './references.ts';
import { softcopyModality, softcopyShades } from './softcopy.ts';
import type { PresentationState } from './state.ts';

/** What a worker thread keeps to present with. */
export type Tools = { codecs: Codecs; typeface: Typeface; scratch?: Scratch };

/** A picture at its final size, how it is to be encoded, and what is drawn over it. */
export type Presented = { picture: Picture; options: RenderOptions; overlay?: Overlay };

/**
 * Presents frame `n` (1-based) of an image under a state; with scratch the picture may lie there, until the thread's next one.
 * @throws DicomError as decoding and `placementOf` do
 */
export async function present(
  state: PresentationState,
  image: Image,
  n: number,
  { codecs, typeface, scratch }: Tools,
  options: RenderOptions,
): Promise<Presented> {
  const { attributes } = state;
  const target = { instance: textOf(image.attributes, Tag.SOPInstanceUID) ?? '', frame: n };
  const frame = await decodeFrame(image, n, codecs, undefined, scratch);
  const aspect = pixelAspect(image.attributes, n);
  const toned = await tones(state, image, frame, target, codecs);
  const shutter = readShutter(attributes, n, aspect);
  const covered = shutter ? shuttered(toned, shutter) : toned;
  const canvas = withOverlays(covered, activatedOverlays(attributes, image.attributes, n, frame));
  const placement = placementOf(attributes, canvas, aspect, target, options);
  const annotations = annotationsOf(attributes, target, placement, typeface);
  const shown = cutOut(annotations?.coloured ? canvasFor(canvas, [255, 0, 0]) : canvas, placement);
  const { width, height } = placement;
  const profile = profileIn(attributes) ?? (options.iccProfile && (await storedProfile(image, n)));
  const picture: Picture = {
    ...shown,
    source: { width: shown.width, height: shown.height },
    size: { width, height },
    ...(profile && { profile }),
  };
  return {
    picture,
    options: withProfile(options, profileIn(attributes)),
    ...(annotations && { overlay: () => annotations.svg }),
  };
}

/** The profile of a state goes with its picture, unless it is asked to be left out (PS3.18 8.3.5.1.6). */
function withProfile(options: RenderOptions, profile: Uint8Array | undefined): RenderOptions {
  const carried = profile && options.iccProfile === undefined && options.mediaType !== 'image/gif';
  return carried ? { ...options, iccProfile: 'stored' } : options;
}

/** Samples to grey levels or colours. A colour image has no grayscale transformations (PS3.4 N.2.2). */
async function tones(
  state: PresentationState,
  image: Image,
  frame: Frame,
  target: Target,
  codecs: Codecs,
): Promise<Canvas> {
  const { attributes, kind } = state;
  const { rows: height, columns: width, photometric } = frame.pixel;
  const isGrey = photometric === 'MONOCHROME1' || photometric === 'MONOCHROME2';
  if (!isGrey || kind === 'colour') return colours(image, frame, target.frame);
  if (kind === 'pseudo-colour') return { width, height, channels: 3, data: pseudoColours(state, image, frame, target) };
  const mask = maskFor(attributes, target, image.numberOfFrames);
  if (mask) {
    const masks = await Promise.all(mask.frames.map((one) => decodeFrame(image, one, codecs)));
    const difference = subtracted(frame, masks, mask, softcopyModality(attributes, image));
    const data = softcopyShades(attributes, image, difference, target, { subtracted: true });
    return { width, height, channels: 1, data };
  }
  const shades = softcopyShades(attributes, image, frame, target);
  const palette = supplementalPalette(image, frame, target.frame);
  return palette
    ? { width, height, channels: 3, data: withSupplementalColours(frame, shades, palette) }
    : { width, height, channels: 1, data: shades };
}

/** The VOI's output spans the whole palette (PS3.4 N.2.4). */
function pseudoColours({ attributes }: PresentationState, image: Image, frame: Frame, target: Target): Uint8Array {
  const palette = readPalette(attributes, false);
  if (!palette)
    throw new DicomError('corrupt', 'The presentation state has no palette', {
      field: 'RedPaletteColorLookupTableData',
    });
  const shades = softcopyShades(attributes, image, frame, target, { polarity: false });
  const last = Math.min(...palette.map(({ entries }) => entries.length)) - 1;
  const result = new Uint8Array(shades.length * 3);
  for (let index = 0, to = 0; index < shades.length; index += 1, to += 3) {
    const place = Math.round(((shades[index] ?? 0) * last) / 255);
    for (const [channel, table] of palette.entries()) result[to + channel] = lookUp(table, table.first + place);
  }
  return result;
}
