// The DICOM file format (PS3.10 chapter 7): preamble, prefix and file meta information before a data set.

import { DicomError } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { readElements } from './reader.ts';
import { actualEncoding } from './sniff.ts';
import { Tag } from './tags.ts';
import { ExplicitBig, ExplicitLittle, ImplicitLittle } from './transfer-syntax.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './uid.ts';

export type FileMeta = {
  /** Group 0002; empty for a file without it. */
  meta: Dataset;
  /** (0002,0010), or what the first element of the data set shows where that is missing. */
  transferSyntaxUid: string;
  sopClassUid?: string;
  sopInstanceUid?: string;
  /** Where the data set begins. */
  dataOffset: number;
};

const PREAMBLE = 128;
const PREFIX = 'DICM';

function textOf(meta: Dataset, tag: string): string | undefined {
  const value = meta[tag]?.Value?.[0];
  return typeof value === 'string' ? value : undefined;
}

/** The transfer syntax of a data set that nothing names: told by its first element. */
function guess(bytes: Buffer): string {
  const { explicit, little } = actualEncoding(bytes, { explicit: false, little: true });
  if (!explicit) return ImplicitLittle;
  return little ? ExplicitLittle : ExplicitBig;
}

/** Where the file meta information begins: behind the prefix, which may have lost its preamble; 0 without a prefix. */
function afterPrefix(bytes: Buffer): number {
  for (const at of [PREAMBLE, 0]) {
    if (bytes.toString('latin1', at, at + PREFIX.length) === PREFIX) return at + PREFIX.length;
  }
  return 0;
}

function isPlausible(bytes: Buffer): boolean {
  const group = bytes.length < 8 ? 0xffff : Math.min(bytes.readUInt16LE(0), bytes.readUInt16BE(0));
  return group > 0 && group <= 0x0020;
}

/**
 * Reads the file meta information from the head of a file. Tolerates a missing preamble, and missing meta information:
 * then the data set tells its transfer syntax.
 * @throws DicomError `corrupt`: `isIncomplete` when the head is too short, otherwise no DICOM file
 */
export function readFileMeta(file: Uint8Array): FileMeta {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const start = afterPrefix(bytes);
  const head = bytes.subarray(start);
  if (start === 0 && !isPlausible(head)) throw new DicomError('corrupt', 'Not a DICOM file', { field: 'preamble' });
  const { dataset: meta, end } = readElements(head, ExplicitLittle, { until: '00030000' });
  const dataOffset = start + end;
  const result: FileMeta = {
    meta,
    transferSyntaxUid: textOf(meta, Tag.TransferSyntaxUID) ?? guess(bytes.subarray(dataOffset)),
    dataOffset,
  };
  const sopClassUid = textOf(meta, Tag.MediaStorageSOPClassUID);
  const sopInstanceUid = textOf(meta, Tag.MediaStorageSOPInstanceUID);
  if (sopClassUid !== undefined) result.sopClassUid = sopClassUid;
  if (sopInstanceUid !== undefined) result.sopInstanceUid = sopInstanceUid;
  return result;
}

export type FileMetaFields = {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  /** Source Application Entity Title (0002,0016). */
  sourceAeTitle?: string;
};

/** Preamble of zeros, prefix, and file meta information (PS3.10 Table 7.1-1): what comes before the data set in a file. */
export function writeFileMeta({
  sopClassUid,
  sopInstanceUid,
  transferSyntaxUid,
  sourceAeTitle,
}: FileMetaFields): Buffer {
  const texts: MetaText[] = [
    [Tag.MediaStorageSOPClassUID, 'UI', sopClassUid],
    [Tag.MediaStorageSOPInstanceUID, 'UI', sopInstanceUid],
    [Tag.TransferSyntaxUID, 'UI', transferSyntaxUid],
    [Tag.ImplementationClassUID, 'UI', IMPLEMENTATION_CLASS_UID],
    [Tag.ImplementationVersionName, 'SH', IMPLEMENTATION_VERSION_NAME],
  ];
  if (sourceAeTitle !== undefined) texts.push([Tag.SourceApplicationEntityTitle, 'AE', sourceAeTitle]);
  const elements = VERSION + texts.map(shortForm).join('');
  const bytes = Buffer.alloc(PREAMBLE + 4 + GROUP_LENGTH + elements.length);
  bytes.write(`${PREFIX}\x02\x00\x00\x00UL\x04\x00`, PREAMBLE, 'latin1');
  bytes.writeUInt32LE(elements.length, PREAMBLE + 12);
  bytes.write(elements, PREAMBLE + 4 + GROUP_LENGTH, 'latin1');
  return bytes;
}

/** Tag, value representation and value of an element of the file meta information. */
type MetaText = [tag: string, vr: 'UI' | 'SH' | 'AE', text: string];

/** (0002,0000), UL: the length of all that follows. */
const GROUP_LENGTH = 12;
/** (0002,0001), OB: version 1. */
const VERSION = '\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01';

/** PS3.5 7.1.2, a byte for a character. Written for every instance of a retrieve: to make a data set of it would cost much more. */
function shortForm([tag, vr, text]: MetaText): string {
  const [group, element] = [tag.slice(0, 4), tag.slice(4)].map((part) => Number.parseInt(part, 16)) as [number, number];
  const length = text.length + (text.length & 1);
  return uint16(group) + uint16(element) + vr + uint16(length) + text.padEnd(length, vr === 'UI' ? '\0' : ' ');
}

const uint16 = (value: number): string => String.fromCharCode(value & 0xff, value >> 8);
