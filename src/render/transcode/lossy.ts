// What an instance says of itself once it is compressed with loss: that it is, how much and how, and that it is no longer the
// instance it was made of (PS3.3 C.7.6.1.1.5, C.12.1.1.1).

import { createHash } from 'node:crypto';
import type { Attribute, Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { JpegBaseline } from '../../dimse/data/transfer-syntax.ts';
import { textOf } from '../attributes.ts';

/** Transfer syntaxes encoded with loss, and Lossy Image Compression Method of each (C.7.6.1.1.5.1). */
const METHODS: Readonly<Record<string, string>> = { [JpegBaseline]: 'ISO_10918_1' };

/** Whether frames are encoded with loss in this transfer syntax. */
export function isLossyTarget(transferSyntaxUid: string): boolean {
  return transferSyntaxUid in METHODS;
}

/**
 * The SOP Instance UID of an instance in another transfer syntax: its own, or with loss one of its own that is always the same
 * (PS3.5 B.2: `2.25.` and a UUID as a number, here of version 8).
 */
export function transcodedUid(sopInstanceUid: string, transferSyntaxUid: string): string {
  if (!isLossyTarget(transferSyntaxUid)) return sopInstanceUid;
  const bytes = createHash('sha256').update(`${sopInstanceUid} ${transferSyntaxUid}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `2.25.${BigInt(`0x${bytes.toString('hex')}`)}`;
}

/** The attributes that change; earlier compressions stay listed before this one. `ratio` is native over encoded bytes. */
export function lossyAttributes(dataset: Dataset, transferSyntaxUid: string, ratio: number): Dataset {
  const sopInstanceUid = uidOf(dataset, Tag.SOPInstanceUID);
  const listed = (tag: string, vr: 'CS' | 'DS', value: string): Attribute => ({
    vr,
    Value: [...(dataset[tag]?.Value ?? []), value],
  });
  const source: Dataset = {
    [Tag.ReferencedSOPClassUID]: { vr: 'UI', Value: [uidOf(dataset, Tag.SOPClassUID)] },
    [Tag.ReferencedSOPInstanceUID]: { vr: 'UI', Value: [sopInstanceUid] },
  };
  return {
    [Tag.ImageType]: { vr: 'CS', Value: ['DERIVED', ...(dataset[Tag.ImageType]?.Value?.slice(1) ?? ['SECONDARY'])] },
    [Tag.SOPInstanceUID]: { vr: 'UI', Value: [transcodedUid(sopInstanceUid, transferSyntaxUid)] },
    '00082111': { vr: 'ST', Value: ['Lossy compression'] }, // Derivation Description
    '00082112': { vr: 'SQ', Value: [source] }, // Source Image Sequence
    '00089215': {
      vr: 'SQ', // Derivation Code Sequence, CID 7203
      Value: [
        {
          '00080100': { vr: 'SH', Value: ['113040'] },
          '00080102': { vr: 'SH', Value: ['DCM'] },
          '00080104': { vr: 'LO', Value: ['Lossy Compression'] },
        },
      ],
    },
    [Tag.LossyImageCompression]: { vr: 'CS', Value: ['01'] },
    [Tag.LossyImageCompressionRatio]: listed(Tag.LossyImageCompressionRatio, 'DS', ratio.toFixed(2)),
    [Tag.LossyImageCompressionMethod]: listed(Tag.LossyImageCompressionMethod, 'CS', METHODS[transferSyntaxUid] ?? ''),
  };
}

/** A UID without the NUL that pads it in a data set as encoded. */
function uidOf(dataset: Dataset, tag: string): string {
  return (textOf(dataset, tag) ?? '').replace(/\0$/, '');
}
