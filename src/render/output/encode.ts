// A picture into the media type asked for, by sharp or by the encoders of frames.

import sharp, { type OutputInfo, type Sharp } from 'sharp';
import type { Codecs } from '../codec/wasm.ts';
import { encodedIn } from '../icc/colour-space.ts';
import type { RenderedMediaType, RenderOptions } from '../options.ts';
import type { Picture } from '../picture.ts';
import { type CodestreamMediaType, codestreamPicture, isCodestreamType } from './codestream-picture.ts';
import { placed } from './viewport.ts';

const DEFAULT_QUALITY = 90;
/** From this quality on, chroma is kept at full resolution. */
const FULL_CHROMA_QUALITY = 90;
const PNG_COMPRESSION = 4;

/** An SVG picture of the given size that is laid over a finished one. */
export type Overlay = (width: number, height: number) => string;

/** Encodes one picture, with `overlay` on it. Grey stays one channel, unless a profile is asked for: those are of RGB (W-Q9). */
export async function encodePicture(
  picture: Picture,
  options: RenderOptions,
  codecs: Codecs,
  overlay?: Overlay,
): Promise<Buffer> {
  const shown = placed(picture, options.viewport);
  const covered = overlay ? await overlaid(shown, picture.channels, overlay) : shown;
  const { iccProfile, mediaType } = options;
  const isProfiled = iccProfile !== undefined && iccProfile !== 'none';
  const encode = (image: Sharp): Promise<Buffer> =>
    isCodestreamType(mediaType)
      ? codestreamPicture(image, mediaType, codecs, isProfiled)
      : encoded(image, picture, { ...options, mediaType }).toBuffer();
  if (picture.data instanceof Uint16Array) return deepPicture(picture, options, overlay);
  if (isProfiled) return encodedIn(iccProfile, covered, picture.profile, encode);
  return encode(picture.channels === 1 ? covered.toColourspace('b-w') : covered);
}

/** Grey of 16 bits stays so as PNG; what is written over it is laid on as the same share of white. */
async function deepPicture(picture: Picture, options: RenderOptions, overlay?: Overlay): Promise<Buffer> {
  const shown = placed(picture, options.viewport).toColourspace(picture.channels === 1 ? 'grey16' : 'rgb16');
  if (!overlay) return shown.png({ compressionLevel: PNG_COMPRESSION }).toBuffer();
  const { data, info } = await shown.raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  blend(samples, await coverOf(overlay, width, height), picture.channels, 257);
  return sharp(samples, { raw: { width, height, channels: picture.channels } })
    .toColourspace(picture.channels === 1 ? 'grey16' : 'rgb16')
    .png({ compressionLevel: PNG_COMPRESSION })
    .toBuffer();
}

/** An overlay as RGBA. */
function coverOf(overlay: Overlay, width: number, height: number): Promise<Buffer> {
  return sharp(Buffer.from(overlay(width, height)))
    .ensureAlpha()
    .raw()
    .toBuffer();
}

/** Blends RGBA into samples in place, `unit` of which are one step of the cover's. */
function blend(samples: Uint8Array | Uint16Array, cover: Buffer, channels: 1 | 3, unit: number): void {
  for (let index = 0; index < cover.length / 4; index += 1) {
    const alpha = (cover[4 * index + 3] ?? 0) / 255;
    for (let channel = 0; alpha > 0 && channel < channels; channel += 1) {
      const at = channels * index + channel;
      samples[at] = Math.round(alpha * unit * (cover[4 * index + channel] ?? 0) + (1 - alpha) * (samples[at] ?? 0));
    }
  }
}

/** Lays an overlay over a picture in its viewport; what it doesn't cover keeps its exact values. */
async function overlaid(shown: Sharp, channels: 1 | 3, overlay: Overlay): Promise<Sharp> {
  const space = channels === 1 ? 'b-w' : 'srgb';
  const { data, info } = await shown.toColourspace(space).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  blend(data, await coverOf(overlay, width, height), channels, 1);
  return sharp(data, { raw: { width, height, channels } });
}

/** A page of an animation: RGB, already in the viewport. */
export type Page = { data: Buffer; info: OutputInfo };

/** A picture as a page. */
export async function pageOf(picture: Picture, { viewport }: RenderOptions, overlay?: Overlay): Promise<Page> {
  const shown = placed(picture, viewport);
  const covered = overlay ? await overlaid(shown, picture.channels, overlay) : shown;
  return covered.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
}

/** A page whose last column and row are there twice where their number is odd: video has even sides only. */
export async function evened({ data, info }: Page): Promise<Page> {
  const { width, height, channels } = info;
  if (width % 2 === 0 && height % 2 === 0) return { data, info };
  return sharp(data, { raw: { width, height, channels } })
    .extend({ right: width % 2, bottom: height % 2, extendWith: 'copy' })
    .raw()
    .toBuffer({ resolveWithObject: true });
}

/** Encodes pages of one size as an animation without end; `delays` are the times of the pages in milliseconds. */
export function encodePages(pages: Page[], delays: number[], { mediaType, quality }: RenderOptions): Promise<Buffer> {
  const { width = 1, height = 1, channels = 3 } = pages[0]?.info ?? {};
  const data = Buffer.concat(pages.map((page) => page.data));
  const image = sharp(data, { raw: { width, height: height * pages.length, channels, pageHeight: height } });
  const animation = { loop: 0, delay: delays };
  return mediaType === 'image/webp'
    ? image.webp({ quality: quality ?? DEFAULT_QUALITY, ...animation }).toBuffer()
    : image.gif({ dither: 0, ...animation }).toBuffer();
}

type SharpOptions = Pick<RenderOptions, 'quality'> & { mediaType: Exclude<RenderedMediaType, CodestreamMediaType> };

function encoded(image: Sharp, { channels }: Picture, { mediaType, quality = DEFAULT_QUALITY }: SharpOptions): Sharp {
  switch (mediaType) {
    case 'image/jpeg':
      return image.jpeg({
        quality,
        optimiseCoding: false,
        chromaSubsampling: channels === 3 && quality < FULL_CHROMA_QUALITY ? '4:2:0' : '4:4:4',
      });
    case 'image/png':
      return image.png({ compressionLevel: PNG_COMPRESSION });
    case 'image/gif':
      return image.gif({ dither: 0 });
    case 'image/webp':
      return image.webp({ quality });
  }
}
