// What an instance must go on saying once its codestreams are gone: that they had lost something, how much and by what
// (PS3.3 C.7.6.1.1.5). It stays the instance that it is: its pixels are those that every reader of it sees.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { isReversibleJpeg2000, isReversibleJpegLs } from '../codec/reversible.ts';
import { frameLocator, readFrameTable } from '../frames/fragments.ts';
import { readFrame } from '../frames/frames.ts';
import type { Image } from '../frames/image.ts';

type Lossy = { method: string; isReversible?: (codestream: Buffer) => boolean };

const TS = '1.2.840.10008.1.2.4';
const JPEG: Lossy = { method: 'ISO_10918_1' };
const JPEG_XL: Lossy = { method: 'ISO_18181_1' };
const JPEG_2000 = { isReversible: isReversibleJpeg2000 };

/** Transfer syntaxes whose frames may have lost something, and Lossy Image Compression Method of each (C.7.6.1.1.5.1). */
const LOSSY: Readonly<Record<string, Lossy>> = {
  ...{ [`${TS}.50`]: JPEG, [`${TS}.51`]: JPEG, [`${TS}.53`]: JPEG, [`${TS}.55`]: JPEG },
  [`${TS}.81`]: { method: 'ISO_14495_1', isReversible: isReversibleJpegLs },
  [`${TS}.91`]: { method: 'ISO_15444_1', ...JPEG_2000 },
  [`${TS}.203`]: { method: 'ISO_15444_15', ...JPEG_2000 },
  ...{ [`${TS}.111`]: JPEG_XL, [`${TS}.112`]: JPEG_XL },
};

/**
 * The attributes that `stored`, the header of `image`, lacks of what it must say without its codestreams; none where they are
 * reversible and it tells of no loss. `nativeBytes` is the length of all frames decoded.
 */
export async function lossOf(image: Image, stored: Dataset, nativeBytes: number): Promise<Dataset> {
  const lossy = LOSSY[image.transferSyntaxUid];
  if (lossy === undefined) return {};
  // A reversible wavelet may have been cut short all the same: what the instance says of itself is believed.
  const isTold = stored[Tag.LossyImageCompression]?.Value?.[0] === '01';
  if (!isTold && (lossy.isReversible?.(await readFrame(image, 1)) ?? false)) return {};
  const given = (tag: string) => (stored[tag]?.Value ?? []).length > 0;
  return {
    [Tag.LossyImageCompression]: { vr: 'CS', Value: ['01'] },
    ...(given(Tag.LossyImageCompressionRatio)
      ? {}
      : {
          [Tag.LossyImageCompressionRatio]: {
            vr: 'DS',
            Value: [(nativeBytes / (await encodedBytes(image))).toFixed(2)],
          },
        }),
    ...(given(Tag.LossyImageCompressionMethod)
      ? {}
      : { [Tag.LossyImageCompressionMethod]: { vr: 'CS', Value: [lossy.method] } }),
  };
}

async function encodedBytes(image: Image): Promise<number> {
  const locate = frameLocator(image, await readFrameTable(image, image.attributes));
  let total = 0;
  for (let n = 1; n <= image.numberOfFrames; n++) for (const { length } of await locate(n)) total += length;
  return total;
}
