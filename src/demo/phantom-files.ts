// Phantoms as Part 10 files.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileMeta } from '../dimse/data/part10.ts';
import { writeDataset } from '../dimse/data/writer.ts';
import type { Phantom } from './phantom.ts';

/** The bytes of a phantom as a DICOM file. */
export function phantomFile(phantom: Phantom): Buffer {
  const dataset = writeDataset(
    phantom.build(),
    phantom.transferSyntaxUid,
    phantom.encoded ? { charset: 'declared' } : {},
  );
  return Buffer.concat([writeFileMeta(phantom), dataset]);
}

/** Builds the phantoms one by one and writes them into a folder; gives their paths in the same order. */
export async function writePhantoms(phantoms: Iterable<Phantom>, dir: string): Promise<string[]> {
  const paths: string[] = [];
  for (const phantom of phantoms) {
    const path = join(dir, `${phantom.sopInstanceUid}.dcm`);
    await writeFile(path, phantomFile(phantom));
    paths.push(path);
  }
  return paths;
}
