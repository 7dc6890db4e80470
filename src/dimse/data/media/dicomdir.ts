// DICOMDIR (PS3.3 Annex F, PS3.10 8.6): the directory of a file set, grown an instance at a time. Records are kept encoded, and
// the offsets between them are put in when all are known.

import type { Attribute, Dataset } from '../dataset.ts';
import { tagOf, vrOf } from '../dictionary.ts';
import { writeFileMeta } from '../part10.ts';
import { Tag } from '../tags.ts';
import { ExplicitLittle } from '../transfer-syntax.ts';
import { createUid } from '../uid.ts';
import { writeDataset } from '../writer.ts';
import { recordKeys, recordTypeOf } from './directory-records.ts';

/** An instance that is in the file set: its attributes, and what its file is. */
export type DirectoryEntry = {
  /** Components of its path (PS3.10 8.2): at most 8, each of 1 to 8 characters of A–Z, 0–9 and _. */
  fileId: readonly string[];
  dataset: Dataset;
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
};

type Record = { bytes: Buffer; children: Record[]; byKey: Map<string, Record> };

const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10';
const IN_USE = 0xffff;
/** Where the values stand in a record: OffsetOfTheNextDirectoryRecord, RecordInUseFlag and the lower-level offset come first. */
const NEXT_AT = 8;
const LOWER_AT = 30;
const ITEM = Buffer.from([0xfe, 0xff, 0x00, 0xe0]);
/** (0004,1220) DirectoryRecordSequence, explicit: tag, VR, reserved, and room for its length. */
const SEQUENCE = Buffer.from([0x04, 0x00, 0x20, 0x12, 0x53, 0x51, 0, 0, 0, 0, 0, 0]);
/** Keys that hold more than this are no keys. */
const LARGEST_KEY = 4096;

function named(keyword: string, attribute: Omit<Attribute, 'vr'>): Dataset {
  const tag = tagOf(keyword) ?? '';
  return { [tag]: { vr: vrOf(tag), ...attribute } };
}

/** The key as the instance has it, empty where it has none. */
function keyOf({ dataset }: DirectoryEntry, keyword: string): Dataset {
  const tag = tagOf(keyword) ?? '';
  const { vr, Value } = dataset[tag] ?? { vr: vrOf(tag) };
  const fits = Value !== undefined && JSON.stringify(Value).length <= LARGEST_KEY;
  return { [tag]: fits ? { vr, Value } : { vr } };
}

function recordOf(type: string, entry: DirectoryEntry, more: Dataset = {}): Record {
  const keys = recordKeys(type).map((keyword) => keyOf(entry, keyword));
  const record: Dataset = {
    ...named('OffsetOfTheNextDirectoryRecord', { Value: [0] }),
    ...named('RecordInUseFlag', { Value: [IN_USE] }),
    ...named('OffsetOfReferencedLowerLevelDirectoryEntity', { Value: [0] }),
    ...named('DirectoryRecordType', { Value: [type] }),
    ...more,
    ...Object.assign({}, ...keys),
  };
  return { bytes: Buffer.from(writeDataset(record, ExplicitLittle)), children: [], byKey: new Map() };
}

function leafOf(entry: DirectoryEntry): Record {
  const type = recordTypeOf(entry.sopClassUid);
  return recordOf(type, entry, {
    ...(type === 'PRIVATE' ? named('PrivateRecordUID', { Value: [entry.sopClassUid] }) : {}),
    ...named('ReferencedFileID', { Value: [...entry.fileId] }),
    ...named('ReferencedSOPClassUIDInFile', { Value: [entry.sopClassUid] }),
    ...named('ReferencedSOPInstanceUIDInFile', { Value: [entry.sopInstanceUid] }),
    ...named('ReferencedTransferSyntaxUIDInFile', { Value: [entry.transferSyntaxUid] }),
  });
}

export class Dicomdir {
  private readonly root: Record = { bytes: Buffer.alloc(0), children: [], byKey: new Map() };

  add(entry: DirectoryEntry): void {
    const textOf = (tag: string): string => JSON.stringify(entry.dataset[tag]?.Value?.[0] ?? '');
    const patient = child(this.root, textOf(Tag.PatientID), () => recordOf('PATIENT', entry));
    const study = child(patient, textOf(Tag.StudyInstanceUID), () => recordOf('STUDY', entry));
    const series = child(study, textOf(Tag.SeriesInstanceUID), () => recordOf('SERIES', entry));
    series.children.push(leafOf(entry));
  }

  /** The whole file. */
  bytes(): Buffer {
    const sopInstanceUid = createUid();
    const meta = writeFileMeta({
      sopClassUid: MEDIA_STORAGE_DIRECTORY,
      sopInstanceUid,
      transferSyntaxUid: ExplicitLittle,
    });
    const start = meta.length + header(0, 0).length + SEQUENCE.length;
    const { records, end } = linked(this.root.children, start);
    const sequence = Buffer.from(SEQUENCE);
    sequence.writeUInt32LE(end - start, 8);
    const offsets = siblings(this.root.children, start);
    return Buffer.concat([meta, header(offsets[0] ?? 0, offsets.at(-1) ?? 0), sequence, ...records]);
  }
}

function child(parent: Record, key: string, create: () => Record): Record {
  const known = parent.byKey.get(key);
  if (known !== undefined) return known;
  const made = create();
  parent.byKey.set(key, made);
  parent.children.push(made);
  return made;
}

/** Basic Directory IOD before its sequence (F.3.2.2). */
function header(first: number, last: number): Buffer {
  return writeDataset(
    {
      ...named('FileSetID', {}),
      ...named('OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity', { Value: [first] }),
      ...named('OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity', { Value: [last] }),
      ...named('FileSetConsistencyFlag', { Value: [0] }),
    },
    ExplicitLittle,
  );
}

function sizeOf(record: Record): number {
  return record.children.reduce((sum, one) => sum + sizeOf(one), ITEM.length + 4 + record.bytes.length);
}

/** Where each of `records` begins when the first does at `start`; each is followed by what is below it. */
function siblings(records: readonly Record[], start: number): number[] {
  let at = start;
  return records.map((record) => {
    const own = at;
    at += sizeOf(record);
    return own;
  });
}

/** The records and all below them as items from `start` on, their offsets filled in (F.2.2.2). */
function linked(records: readonly Record[], start: number): { records: Buffer[]; end: number } {
  const offsets = siblings(records, start);
  const chunks: Buffer[] = [];
  let at = start;
  for (const [i, { bytes, children }] of records.entries()) {
    const item = Buffer.concat([ITEM, Buffer.alloc(4), bytes]);
    item.writeUInt32LE(bytes.length, ITEM.length);
    const below = at + item.length;
    const lower = linked(children, below);
    item.writeUInt32LE(offsets[i + 1] ?? 0, ITEM.length + 4 + NEXT_AT);
    item.writeUInt32LE(children.length === 0 ? 0 : below, ITEM.length + 4 + LOWER_AT);
    chunks.push(item, ...lower.records);
    at = lower.end;
  }
  return { records: chunks, end: at };
}
