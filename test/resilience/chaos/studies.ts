// Studies in the embedded PACS, small ones and some with an instance that is read while it arrives, and what can be asked for.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileMeta } from '../../../src/dimse/data/part10.ts';
import { ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { CT, encoded, type Made } from '../../bridge/fixtures.ts';

const ROOT = '1.2.826.0.1.3680043.10.511.7';
const INSTANCES = 4;
const SIDE = 64;
/** Of a large instance, which has 5.2 MB then. */
const FRAMES = 640;

/** `isLarge`: the first instance is. */
export type Study = { study: string; series: string; instances: string[]; isLarge: boolean };

/** The last `large` of them have a large instance. */
export const studies = (count: number, large: number): Study[] =>
  Array.from({ length: count }, (_, index) => {
    const study = `${ROOT}.${index + 1}`;
    const series = `${study}.1`;
    const instances = Array.from({ length: INSTANCES }, (_, n) => `${series}.${n + 1}`);
    return { study, series, instances, isLarge: index >= count - large };
  });

const us = (value: number) => ({ vr: 'US' as const, Value: [value] });

/** Every instance has pixels of its own. */
function made({ study, series, isLarge }: Study, instance: string, number: number): Made {
  const frames = isLarge && number === 1 ? FRAMES : 1;
  const pixels = Buffer.alloc(2 * SIDE * SIDE * frames);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = (at * 7 + number * 31 + study.length + (at >> 8)) & 0xff;
  const more = {
    '00200013': { vr: 'IS' as const, Value: [number] },
    '00280002': us(1),
    '00280004': { vr: 'CS' as const, Value: ['MONOCHROME2'] },
    ...(frames > 1 && { '00280008': { vr: 'IS' as const, Value: [frames] } }),
    '00280010': us(SIDE),
    '00280011': us(SIDE),
    '00280100': us(16),
    '00280101': us(16),
    '00280102': us(15),
    '00280103': us(0),
    '7FE00010': { vr: 'OW' as const, InlineBinary: pixels },
  };
  return { study, series, instance, more };
}

/** Writes them as Part 10 files. */
export async function writeStudies(dir: string, all: readonly Study[]): Promise<string[]> {
  const files: string[] = [];
  for (const study of all) {
    for (const [index, instance] of study.instances.entries()) {
      const meta = writeFileMeta({ sopClassUid: CT, sopInstanceUid: instance, transferSyntaxUid: ExplicitLittle });
      const path = join(dir, `${instance}.dcm`);
      await writeFile(path, Buffer.concat([meta, encoded(made(study, instance, index + 1))]));
      files.push(path);
    }
  }
  return files;
}

/** Paths below the base of the service. */
export function pathsOf({ study, series, instances: [first = ''], isLarge }: Study): string[] {
  const below = `/studies/${study}/series/${series}`;
  return [
    `/studies?StudyInstanceUID=${study}&includefield=all`,
    `/studies/${study}/instances`,
    `/studies/${study}`,
    `/studies/${study}/metadata`,
    below,
    `${below}/metadata`,
    `${below}/instances/${first}`,
    `${below}/instances/${first}/frames/${isLarge ? FRAMES : 1}`,
  ];
}
