// What every codec hands back: samples in native little endian, colour by pixel.

import { DicomError } from '../../dimse/errors.ts';

/** Decoded samples: 1, 2 or 4 bytes each, little endian, colour by pixel. */
export type Decoded = {
  rows: number;
  columns: number;
  samples: number;
  bytesPerSample: number;
  /** Bits of a sample that carry its value. */
  precision: number;
  /** The values are two's complement over all bytes of the sample; undefined when the codestream cannot say. */
  signed?: boolean;
  /** The colour space the decoder left, where it is not the image's Photometric Interpretation. */
  photometric?: string;
  data: Uint8Array;
};

/** Refuses output that is not exactly as long as its own dimensions say. */
export function checkLength(decoded: Decoded): Decoded {
  const { rows, columns, samples, bytesPerSample, data } = decoded;
  if (data.length !== rows * columns * samples * bytesPerSample) {
    throw new DicomError('corrupt', 'The decoder produced a frame of the wrong length', { field: 'PixelData' });
  }
  return decoded;
}

/** Colour by plane to colour by pixel. */
export function interleave(planes: Uint8Array, samples: number, bytesPerSample: number): Uint8Array {
  if (samples === 1) return planes;
  const pixels = planes.length / (samples * bytesPerSample);
  const result = new Uint8Array(planes.length);
  for (let sample = 0; sample < samples; sample += 1) {
    for (let byte = 0; byte < bytesPerSample; byte += 1) {
      let from = sample * pixels * bytesPerSample + byte;
      let to = sample * bytesPerSample + byte;
      for (let pixel = 0; pixel < pixels; pixel += 1) {
        result[to] = planes[from] ?? 0;
        from += bytesPerSample;
        to += samples * bytesPerSample;
      }
    }
  }
  return result;
}
