// A decoded frame as the instance's own header describes its pixels: whoever is given frames alone has nothing but the metadata
// to read them by, which say Photometric Interpretation and Planar Configuration as they are stored.

import type { PixelDescription } from '../frames/pixel.ts';
import type { Frame } from './decode.ts';

/**
 * A native frame, colour by pixel, in the colour space and the order of `stored`. What only codestreams can be in (YBR_ICT,
 * YBR_RCT, YBR_PARTIAL_420, XYB) is RGB by pixel, which is what their metadata then mean (PS3.3 C.7.6.3.1.2).
 */
export function asDeclared(frame: Frame, stored: PixelDescription): Frame {
  if (frame.pixel.samplesPerPixel !== 3) return frame;
  const converted = needsYbr(frame.pixel, stored) ? toYbr(frame) : frame;
  if (converted.pixel.photometric === 'YBR_FULL' && stored.photometric === 'YBR_FULL_422') return packed(converted);
  return stored.planar === 1 && converted.pixel.photometric === stored.photometric ? byPlane(converted) : converted;
}

/** Lossy JPEG in YCbCr has become RGB on its way. */
function needsYbr({ photometric, bitsAllocated }: PixelDescription, stored: PixelDescription): boolean {
  return photometric === 'RGB' && bitsAllocated === 8 && /^YBR_FULL(_422)?$/.test(stored.photometric);
}

/** The equations of PS3.3 C.7.6.3.1.2. */
function toYbr({ pixel, data }: Frame): Frame {
  const result = new Uint8ClampedArray(data.length);
  for (let at = 0; at + 2 < data.length; at += 3) {
    const [red, green, blue] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
    result[at] = 0.299 * red + 0.587 * green + 0.114 * blue;
    result[at + 1] = 128 - 0.168736 * red - 0.331264 * green + 0.5 * blue;
    result[at + 2] = 128 + 0.5 * red - 0.418688 * green - 0.081312 * blue;
  }
  return { pixel: { ...pixel, photometric: 'YBR_FULL' }, data: new Uint8Array(result.buffer) };
}

/** Two pixels with one pair of chroma samples, the mean of theirs: Y1 Y2 CB CR. Rows of an odd length stay as they are. */
function packed({ pixel, data }: Frame): Frame {
  if (pixel.columns % 2 === 1 || pixel.bitsAllocated !== 8) return { pixel, data };
  const result = new Uint8Array((data.length / 3) * 2);
  for (let from = 0, to = 0; from + 5 < data.length; from += 6, to += 4) {
    result[to] = data[from] ?? 0;
    result[to + 1] = data[from + 3] ?? 0;
    result[to + 2] = ((data[from + 1] ?? 0) + (data[from + 4] ?? 0) + 1) >> 1;
    result[to + 3] = ((data[from + 2] ?? 0) + (data[from + 5] ?? 0) + 1) >> 1;
  }
  return { pixel: { ...pixel, photometric: 'YBR_FULL_422' }, data: result };
}

/** Samples of any size, all of the first component first. */
function byPlane({ pixel, data }: Frame): Frame {
  const size = pixel.bitsAllocated / 8;
  const pixels = data.length / (3 * size);
  const result = new Uint8Array(data.length);
  for (let at = 0, to = 0; at < pixels; at += 1, to += size) {
    for (let plane = 0; plane < 3; plane += 1) {
      const from = (at * 3 + plane) * size;
      result.set(data.subarray(from, from + size), to + plane * pixels * size);
    }
  }
  return { pixel: { ...pixel, planar: 1 }, data: result };
}
