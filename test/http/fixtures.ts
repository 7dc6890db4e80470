// Instances for the tests of the web, made by the project's own writer: one study with a series of native images in every
// encoding that may not show on the web, one of compressed images (whose frames are plain bytes, no codec looks at them), a
// document, and a report.

import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';

export const STUDY = '2.25.1';
export const NATIVE_SERIES = '2.25.1.1';
export const COMPRESSED_SERIES = '2.25.1.2';
export const OTHER_SERIES = '2.25.1.3';

export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
export const DEFLATED = '1.2.840.10008.1.2.1.99';
export const BIG = '1.2.840.10008.1.2.2';
export const JPEG = '1.2.840.10008.1.2.4.50';
export const JPEG_LS = '1.2.840.10008.1.2.4.80';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const MULTIFRAME = '1.2.840.10008.5.1.4.1.1.7.4';
const PDF = '1.2.840.10008.5.1.4.1.1.104.1';
const REPORT = '1.2.840.10008.5.1.4.1.1.88.11';

/** A Part 10 file and what it is. */
export type Fixture = {
  sopClassUid: string;
  sopInstanceUid: string;
  seriesInstanceUid: string;
  transferSyntaxUid: string;
  /** Data set, encoded. */
  data: Buffer;
  /** The whole file. */
  file: Buffer;
};

type Description = { sopClassUid: string; sopInstanceUid: string; series: string; syntax: string; more: Dataset };

/** Bytes that stand for frame `n` of a compressed image. */
export function codestream(n: number): Buffer {
  return Buffer.from([0xff, 0xd8, n, n, n, n, 0xff, 0xd9]);
}

/** Items of encapsulated pixel data: an empty offset table, then a fragment per frame (PS3.5 A.4). */
function fragments(frames: number): Uint8Array {
  const item = (bytes: Buffer): Buffer => {
    const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    header.writeUInt32LE(bytes.length, 4);
    return Buffer.concat([header, bytes]);
  };
  return Buffer.concat([item(Buffer.alloc(0)), ...Array.from({ length: frames }, (_, i) => item(codestream(i + 1)))]);
}

/** Describes 4 by 4 grey pixels. */
export const GRAY: Dataset = {
  '00280002': { vr: 'US', Value: [1] },
  '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
  '00280010': { vr: 'US', Value: [4] },
  '00280011': { vr: 'US', Value: [4] },
  '00280100': { vr: 'US', Value: [16] },
  '00280101': { vr: 'US', Value: [12] },
  '00280102': { vr: 'US', Value: [11] },
  '00280103': { vr: 'US', Value: [0] },
};

/** 4 by 4 pixels of 16 bits, little endian: 0, 100, 200, … */
export const PIXELS = Buffer.from(Uint16Array.from({ length: 16 }, (_, i) => i * 100).buffer);
export const DOCUMENT = Buffer.from('%PDF-1.4 not much of one\n');

/** An instance of the study. */
export function fixture({ sopClassUid, sopInstanceUid, series, syntax, more }: Description): Fixture {
  const dataset: Dataset = {
    '00080016': { vr: 'UI', Value: [sopClassUid] },
    '00080018': { vr: 'UI', Value: [sopInstanceUid] },
    '00080060': { vr: 'CS', Value: ['OT'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Phantom^Web' }] },
    '00100020': { vr: 'LO', Value: ['W1'] },
    '0020000D': { vr: 'UI', Value: [STUDY] },
    '0020000E': { vr: 'UI', Value: [series] },
    ...more,
  };
  const data = writeDataset(dataset, syntax);
  const meta = writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid: syntax });
  return {
    sopClassUid,
    sopInstanceUid,
    seriesInstanceUid: series,
    transferSyntaxUid: syntax,
    data,
    file: Buffer.concat([meta, data]),
  };
}

function native(n: number, syntax: string): Fixture {
  const pixels: Dataset = { '7FE00010': { vr: 'OW', InlineBinary: PIXELS } };
  const number: Dataset = { '00200013': { vr: 'IS', Value: [n] } };
  const sopInstanceUid = `${NATIVE_SERIES}.${n}`;
  return fixture({
    sopClassUid: CT,
    sopInstanceUid,
    series: NATIVE_SERIES,
    syntax,
    more: { ...number, ...GRAY, ...pixels },
  });
}

function compressed(n: number, syntax: string, frames: number): Fixture {
  const more: Dataset = {
    '00200013': { vr: 'IS', Value: [n] },
    '00280008': { vr: 'IS', Value: [frames] },
    ...GRAY,
    '7FE00010': { vr: 'OB', InlineBinary: fragments(frames) },
  };
  return fixture({
    sopClassUid: MULTIFRAME,
    sopInstanceUid: `${COMPRESSED_SERIES}.${n}`,
    series: COMPRESSED_SERIES,
    syntax,
    more,
  });
}

export const FIXTURES = {
  explicit: native(1, EXPLICIT),
  implicit: native(2, IMPLICIT),
  big: native(3, BIG),
  deflated: native(4, DEFLATED),
  /** Three frames, lossy. */
  jpeg: compressed(1, JPEG, 3),
  /** One frame, lossless. */
  jpegLs: compressed(2, JPEG_LS, 1),
  pdf: fixture({
    sopClassUid: PDF,
    sopInstanceUid: `${OTHER_SERIES}.1`,
    series: OTHER_SERIES,
    syntax: EXPLICIT,
    more: {
      '00420011': { vr: 'OB', InlineBinary: Buffer.concat([DOCUMENT, Buffer.alloc(DOCUMENT.length % 2)]) },
      '00420012': { vr: 'LO', Value: ['application/pdf'] },
      '00420015': { vr: 'UL', Value: [DOCUMENT.length] },
    },
  }),
  report: fixture({
    sopClassUid: REPORT,
    sopInstanceUid: `${OTHER_SERIES}.2`,
    series: OTHER_SERIES,
    syntax: EXPLICIT,
    more: { '0040A040': { vr: 'CS', Value: ['TEXT'] } },
  }),
} as const satisfies Record<string, Fixture>;
