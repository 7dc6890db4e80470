// What a phantom study is made of: fixed UIDs, patient, study, series, and instances that are built when asked for.
// Everything is invented: no attribute or pixel comes from a person or a machine.

import { createHash } from 'node:crypto';
import type { Dataset } from '../dimse/data/dataset.ts';
import { attributes, type Content } from './attributes.ts';

export type Contents = Readonly<Record<string, Content>>;

export type Phantom = {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  /** True: text comes as the bytes of the Specific Character Set that the data set names; else it is written in UTF-8. */
  encoded: boolean;
  /** Draws the picture and gives the whole data set. */
  build(): Dataset;
};

export type PhantomStudy = {
  studyInstanceUid: string;
  /** What it is, for the demo's listing. */
  title: string;
  /** Its alphabetic group. */
  patientName: string;
  patientId: string;
  instances: Phantom[];
};

export type StudyContents = {
  key: string;
  title: string;
  /** Values of Specific Character Set, for text that is encoded already. */
  charset?: string[];
  patient: Contents;
  study: Contents;
};
export type SeriesContents = {
  key: string;
  number: number;
  modality: string;
  contents: Contents;
  transferSyntaxUid: string;
};
export type InstanceContents = { number: number; sopClassUid: string; build(): Contents };

/** A UID that is the same in every run: 2.25 and a name-based UUID (PS3.5 B.2, RFC 9562 5.5). */
export function uidOf(name: string): string {
  const hash = createHash('sha1').update(`dicomweb-gateway phantom ${name}`).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return `2.25.${BigInt(`0x${hash.toString('hex')}`)}`;
}

/** Joins what a study, its series and their instances say into instances that know everything. */
export function phantomStudy(
  study: StudyContents,
  series: readonly { series: SeriesContents; instances: readonly InstanceContents[] }[],
): PhantomStudy {
  const { PatientName, PatientID } = study.patient;
  return {
    studyInstanceUid: uidOf(study.key),
    title: study.title,
    patientName: String(PatientName).replace(/=.*/s, ''),
    patientId: String(PatientID),
    instances: series.flatMap((each) => each.instances.map((instance) => phantom(study, each.series, instance))),
  };
}

function phantom(study: StudyContents, series: SeriesContents, instance: InstanceContents): Phantom {
  const seriesKey = `${study.key}/${series.key}`;
  const sopInstanceUid = uidOf(`${seriesKey}/${instance.number}`);
  return {
    sopClassUid: instance.sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: series.transferSyntaxUid,
    encoded: study.charset !== undefined,
    build: () =>
      attributes({
        SpecificCharacterSet: study.charset ?? 'ISO_IR 192',
        SOPClassUID: instance.sopClassUid,
        SOPInstanceUID: sopInstanceUid,
        StudyInstanceUID: uidOf(study.key),
        SeriesInstanceUID: uidOf(seriesKey),
        Manufacturer: 'dicomweb-gateway',
        ManufacturerModelName: 'Phantom',
        ...study.patient,
        ...study.study,
        Modality: series.modality,
        SeriesNumber: series.number,
        ...series.contents,
        InstanceNumber: instance.number,
        ...instance.build(),
      }),
  };
}

/** The Image Pixel attributes (PS3.3 C.7.6.3) of a greyscale picture in 16-bit words. */
export function greyPixels(options: {
  rows: number;
  columns: number;
  bitsStored: number;
  words: Uint8Array;
  inverse?: boolean;
}): Contents {
  return {
    SamplesPerPixel: 1,
    PhotometricInterpretation: options.inverse === true ? 'MONOCHROME1' : 'MONOCHROME2',
    Rows: options.rows,
    Columns: options.columns,
    BitsAllocated: 16,
    BitsStored: options.bitsStored,
    HighBit: options.bitsStored - 1,
    PixelRepresentation: 0,
    PixelData: options.words,
  };
}
