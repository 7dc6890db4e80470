// What the recorded requests are about: of each kind of object that viewers treat in a way of their own one instance.

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attributes } from '../../../src/demo/attributes.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { readFileMeta, writeFileMeta } from '../../../src/dimse/data/part10.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { createUid } from '../../../src/dimse/data/uid.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { archiveFiles, type Loaded } from '../../support/archive-files.ts';

/** A stored instance with every attribute of it. */
export type Sample = Loaded & { dataset: Dataset };

const FROM_CORPUS = {
  ct: /^ct_ele_mono2_128x128-16b__test-files-CT-small/,
  implicit: /^mr_ile_mono2_256x256-12b__adb1-10/,
  frames: /^usmf_jls_pal_430x600x10/,
  jpeg2000: /^ct_j2kll_mono2_512x512-16b__test-images-CT1-J2KR/,
  palette: /^sc_ele_pal_400x640-8b__TestPattern-Palette__/,
  pdf: /^pdf_ele/,
} as const;

export type Samples = Record<keyof typeof FROM_CORPUS | 'ecg', Sample>;

/** A name that a query string can say in several ways: an umlaut, and a plus that stays one. */
export const NAME = 'Müller+Söhne^Ada';

/** The samples; the electrocardiogram, which the corpus lacks, is written to `dir`. */
export async function samplesIn(dir: string): Promise<Samples> {
  const { files } = archiveFiles();
  const found = Object.entries(FROM_CORPUS).map(([kind, pattern]) => {
    const file = files.find(({ name }) => pattern.test(name));
    if (file === undefined) throw new Error(`the corpus has no ${pattern}`);
    return [kind, { ...file, dataset: datasetOf(file.path) }];
  });
  return { ...Object.fromEntries(found), ecg: await electrocardiogram(dir) };
}

function datasetOf(path: string): Dataset {
  const bytes = readFileSync(path);
  const { dataOffset, transferSyntaxUid } = readFileMeta(bytes);
  return readDataset(bytes.subarray(dataOffset), transferSyntaxUid);
}

const TWELVE_LEAD_ECG = '1.2.840.10008.5.1.4.1.1.9.1.1';

async function electrocardiogram(dir: string): Promise<Sample> {
  const [study, series, instance] = [createUid(), createUid(), createUid()];
  const samples = Int16Array.from({ length: 12 * 500 }, (_, at) => Math.round(1000 * Math.sin(at / 12)));
  const dataset = attributes({
    SpecificCharacterSet: 'ISO_IR 192',
    SOPClassUID: TWELVE_LEAD_ECG,
    SOPInstanceUID: instance,
    StudyDate: '20260102',
    Modality: 'ECG',
    PatientName: NAME,
    PatientID: 'ECG+1 a/b',
    StudyInstanceUID: study,
    SeriesInstanceUID: series,
    WaveformSequence: attributes({
      NumberOfWaveformChannels: 12,
      NumberOfWaveformSamples: 500,
      SamplingFrequency: '500',
      WaveformBitsAllocated: 16,
      WaveformSampleInterpretation: 'SS',
      WaveformData: new Uint8Array(samples.buffer),
    }),
  });
  const path = join(dir, 'electrocardiogram.dcm');
  const [sopClassUid, transferSyntaxUid] = [TWELVE_LEAD_ECG, ExplicitLittle];
  const meta = writeFileMeta({ sopClassUid, sopInstanceUid: instance, transferSyntaxUid });
  await writeFile(path, Buffer.concat([meta, writeDataset(dataset, transferSyntaxUid)]));
  return { name: 'ecg', path, study, series, instance, sopClassUid, transferSyntaxUid, dataset };
}

const ENCAPSULATED = Buffer.from('e07f10004f420000ffffffff', 'hex');
const ITEM = 0xe000fffe;

/** The fragments of a compressed instance, the offset table left out. */
export function fragmentsOf({ path }: Sample): Buffer[] {
  const bytes = readFileSync(path);
  let at = bytes.lastIndexOf(ENCAPSULATED) + ENCAPSULATED.length;
  const items: Buffer[] = [];
  while (bytes.readUInt32LE(at) === ITEM) {
    const length = bytes.readUInt32LE(at + 4);
    items.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return items.slice(1);
}

/** The samples of a waveform, which stand in an item of their own. */
export function samplesOf({ dataset }: Sample): Buffer {
  const [item] = (dataset['54000100']?.Value ?? []) as Dataset[];
  return Buffer.from(item?.['54001010']?.InlineBinary ?? []);
}

/** A value field of an instance. */
export function stored({ name, dataset }: Sample, tag: string): Buffer {
  const bytes = dataset[tag]?.InlineBinary;
  if (bytes === undefined) throw new Error(`${name} has no ${tag}`);
  return Buffer.from(bytes);
}
