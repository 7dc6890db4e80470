// Portable Pixmap, the one picture format that ffmpeg writes and that needs no decoder.

import { DicomError } from '../../dimse/errors.ts';
import type { Picture } from '../picture.ts';

/** Longer than any header that ffmpeg writes. */
const HEADER = 64;

/** A picture of a pixmap with 8 bits a sample (`P6`). @throws DicomError `corrupt` */
export function pictureOfPixmap(bytes: Uint8Array, aspect: number): Picture {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(HEADER, bytes.length)).toString('latin1');
  const [header, columns, rows] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(head) ?? [];
  const [width, height] = [Number(columns), Number(rows)];
  const data = bytes.subarray(header?.length ?? 0);
  if (header === undefined || data.length !== 3 * width * height)
    throw new DicomError('corrupt', 'The frame of the video came in a form that is not known', { field: 'PixelData' });
  return { width, height, channels: 3, data, aspect, source: { width, height } };
}
