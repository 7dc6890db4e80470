// Uploaded PNG and GIF pictures as native pixel data (PS3.18 Table 10.5.2-1: "transform"): no DICOM transfer syntax holds them
// as they are.

import sharp from 'sharp';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';

/** Native samples, by pixel, little endian, and the attributes that describe them (PS3.3 C.7.6.3). */
export type Raster = { samples: Buffer; description: Dataset };

const MAX_PIXELS = 512 * 1024 * 1024;

export function isRaster(mediaType: string): boolean {
  return mediaType === 'image/png' || mediaType === 'image/gif';
}

/**
 * Decodes a picture; several images of a GIF become frames, transparency is dropped, palettes are expanded. One sample per
 * pixel where the picture is grey, or where `wanted` says so.
 * @throws DicomError `unsupported-media` for what is no such picture
 */
export async function decodeRaster(picture: Buffer, wanted: number | undefined): Promise<Raster> {
  try {
    const image = sharp(picture, { animated: true, limitInputPixels: MAX_PIXELS, failOn: 'error' });
    const { channels = 3, depth, space, pages = 1 } = await image.metadata();
    const wide = depth === 'ushort';
    const grey = wanted === 1 || (wanted === undefined && (channels <= 2 || space === 'b-w' || space === 'grey16'));
    const colours = grey ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb';
    const raw = image
      .removeAlpha()
      .toColourspace(colours)
      .raw({ depth: wide ? 'ushort' : 'uchar' });
    const { data, info } = await raw.toBuffer({ resolveWithObject: true });
    const rows = (info.pageHeight ?? info.height) as number;
    return { samples: data, description: describe(rows, info.width, grey ? 1 : 3, wide ? 16 : 8, pages) };
  } catch (cause) {
    throw new DicomError('unsupported-media', 'bulk data: the picture can not be decoded', {
      field: 'Content-Type',
      cause,
    });
  }
}

function describe(rows: number, columns: number, samples: 1 | 3, bits: 8 | 16, frames: number): Dataset {
  return {
    [Tag.SamplesPerPixel]: { vr: 'US', Value: [samples] },
    [Tag.PhotometricInterpretation]: { vr: 'CS', Value: [samples === 1 ? 'MONOCHROME2' : 'RGB'] },
    ...(samples === 1 ? {} : { [Tag.PlanarConfiguration]: { vr: 'US', Value: [0] } }),
    ...(frames > 1 ? { [Tag.NumberOfFrames]: { vr: 'IS', Value: [frames] } } : {}),
    [Tag.Rows]: { vr: 'US', Value: [rows] },
    [Tag.Columns]: { vr: 'US', Value: [columns] },
    [Tag.BitsAllocated]: { vr: 'US', Value: [bits] },
    [Tag.BitsStored]: { vr: 'US', Value: [bits] },
    [Tag.HighBit]: { vr: 'US', Value: [bits - 1] },
    [Tag.PixelRepresentation]: { vr: 'US', Value: [0] },
  };
}
