// A small picture for a thread to make before anybody waits for one: by then its modules are loaded.

import { writeFileMeta } from '../dimse/data/part10.ts';
import { Tag } from '../dimse/data/tags.ts';
import { ExplicitLittle } from '../dimse/data/transfer-syntax.ts';
import { writeDataset } from '../dimse/data/writer.ts';
import type { Job } from './worker.ts';

const SIDE = 16;
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

const us = (value: number) => ({ vr: 'US' as const, Value: [value] });

/** A grey image of a SIDE by SIDE pixels as Part 10 file, to be made a JPEG of. */
export function rehearsal(): Job {
  const meta = { sopClassUid: SECONDARY_CAPTURE, sopInstanceUid: '1.2.3', transferSyntaxUid: ExplicitLittle };
  const dataset = writeDataset(
    {
      [Tag.SOPClassUID]: { vr: 'UI', Value: [SECONDARY_CAPTURE] },
      [Tag.SamplesPerPixel]: us(1),
      [Tag.PhotometricInterpretation]: { vr: 'CS', Value: ['MONOCHROME2'] },
      [Tag.Rows]: us(SIDE),
      [Tag.Columns]: us(SIDE),
      [Tag.BitsAllocated]: us(16),
      [Tag.BitsStored]: us(12),
      [Tag.HighBit]: us(11),
      [Tag.PixelRepresentation]: us(0),
      [Tag.PixelData]: { vr: 'OW', InlineBinary: Buffer.alloc(SIDE * SIDE * 2, 1) },
    },
    ExplicitLittle,
  );
  const bytes = Buffer.concat([writeFileMeta(meta), dataset]);
  const path = new SharedArrayBuffer(bytes.length);
  Buffer.from(path).set(bytes);
  return { task: 'render', path, frame: 1, options: { mediaType: 'image/jpeg', thumbnail: true } };
}
