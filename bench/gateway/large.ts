// Instances made as large, or as many, as a scene needs: pixels are zeros, everything else is as an archive has it.

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attribute } from '../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
/** Multi-frame Grayscale Word Secondary Capture (PS3.4 B.5). */
const MULTI_FRAME = '1.2.840.10008.5.1.4.1.1.7.3';
const ROOT = '1.2.826.0.1.3680043.8.498.5';
/** Bytes of a frame of 512x512 of 16 bits, and of the header of the Pixel Data (PS3.5 7.1.2). */
const FRAME = 512 * 512 * 2;
const HEADER = 12;

export type Made = { study: string; series: string; instance: string; path: string; bytes: number };

/** One file in `dir`: image `instance` of study `study`, both numbers, of so many frames. */
export async function makeImage(dir: string, study: number, instance: number, frames = 1): Promise<Made> {
  const sopClassUid = frames === 1 ? CT : MULTI_FRAME;
  const uids = { study: `${ROOT}.${study}`, series: `${ROOT}.${study}.1`, instance: `${ROOT}.${study}.1.${instance}` };
  const us = (value: number): Attribute => ({ vr: 'US', Value: [value] });
  const dataset = writeDataset(
    {
      '00080016': { vr: 'UI', Value: [sopClassUid] },
      '00080018': { vr: 'UI', Value: [uids.instance] },
      '00080060': { vr: 'CS', Value: ['CT'] },
      '00100020': { vr: 'LO', Value: [`LARGE-${study}`] },
      '0020000D': { vr: 'UI', Value: [uids.study] },
      '0020000E': { vr: 'UI', Value: [uids.series] },
      '00200013': { vr: 'IS', Value: [instance] },
      '00280002': us(1),
      '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
      ...(frames > 1 && { '00280008': { vr: 'IS', Value: [frames] } }),
      '00280010': us(512),
      '00280011': us(512),
      '00280100': us(16),
      '00280101': us(16),
      '00280102': us(15),
      '00280103': us(0),
    },
    ExplicitLittle,
  );
  const meta = writeFileMeta({ sopClassUid, sopInstanceUid: uids.instance, transferSyntaxUid: ExplicitLittle });
  const bytes = frames * FRAME;
  const pixelData = Buffer.alloc(HEADER);
  pixelData.writeUInt32LE(0x0010_7fe0, 0);
  pixelData.write('OW', 4, 'latin1');
  pixelData.writeUInt32LE(bytes, 8);
  const path = join(dir, `${uids.instance}.dcm`);
  const file = await open(path, 'w');
  try {
    const head = Buffer.concat([meta, dataset, pixelData]);
    await file.write(head);
    // A hole: it takes no room on the disk and reads as zeros.
    await file.truncate(head.length + bytes);
  } finally {
    await file.close();
  }
  return { ...uids, path, bytes };
}
