// Instance → metadata: the full data set in the DICOM JSON model, with large binary values as BulkDataURI (PS3.18 10.4.3.3.2).

import type { Attribute, Dataset, Value } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { ExplicitLittle, transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import { VRS } from '../../dimse/data/vr.ts';
import { pathOf } from '../resource.ts';
import type { Described } from '../retrieve/without-bulk-data.ts';
import { openDataset, readFileElements } from './file-elements.ts';
import { referOmitted } from './omitted.ts';

/** Available Transfer Syntax UID (PS3.18 10.6.3; PS3.6). */
const AVAILABLE_TRANSFER_SYNTAX_UID = '00083002';

/** Never inline, however short. */
const ALWAYS_BULK: ReadonlySet<string> = new Set([Tag.PixelData, Tag.FloatPixelData, Tag.DoubleFloatPixelData]);

export type MetadataOptions = {
  /** URL of the DICOMweb services, without a slash at its end. */
  baseUrl: string;
  /** Longest binary value that stays in the metadata. */
  inlineBytes: number;
};

/** Group 0002 is not part of it; text is Unicode, so that SpecificCharacterSet says ISO_IR 192 (PS3.18 F.2). */
export async function metadataOf(file: Described, { baseUrl, inlineBytes }: MetadataOptions): Promise<Dataset> {
  const { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance } = file;
  const root = `${baseUrl}${pathOf({ study, series, instance })}/bulkdata/`;
  const bytes = await openDataset(file);
  const dataset = await readFileElements(bytes, ({ path, tag, vr, length }) => {
    const isBulk = length < 0 || length > inlineBytes || ALWAYS_BULK.has(path) || tag === Tag.EncapsulatedDocument;
    return VRS[vr].kind === 'binary' && isBulk ? root + path : undefined;
  });
  referNonNumbers(dataset, root);
  dataset[Tag.SpecificCharacterSet] = { vr: 'CS', Value: ['ISO_IR 192'] };
  // The syntax that it is stored in is not that in which it came without its pixels.
  if (file.withoutBulkData) referOmitted(dataset, root);
  else dataset[AVAILABLE_TRANSFER_SYNTAX_UID] = { vr: 'UI', Value: [offeredSyntax(file)] };
  return dataset;
}

/** The stored transfer syntax; Implicit VR and Big Endian never reach the web (PS3.18 8.7.3), Explicit VR does in their place. */
function offeredSyntax({ transferSyntaxUid }: Described): string {
  const { explicit = true, endian = 'little' } = transferSyntax(transferSyntaxUid) ?? {};
  return explicit && endian === 'little' ? transferSyntaxUid : ExplicitLittle;
}

/** JSON has no NaN and no infinity: an FL or FD that holds one is given by reference (PS3.18 F.2.2). */
function referNonNumbers(dataset: Dataset, path: string): void {
  for (const [tag, attribute] of Object.entries(dataset)) {
    if (attribute.vr === 'SQ') {
      attribute.Value?.forEach((item, index) => {
        if (isItem(item)) referNonNumbers(item, `${path}${tag}/${index}/`);
      });
    } else if (isNonNumber(attribute)) {
      dataset[tag] = { vr: attribute.vr, BulkDataURI: path + tag };
    }
  }
}

function isNonNumber({ vr, Value }: Attribute): boolean {
  return (
    (vr === 'FL' || vr === 'FD') &&
    Value?.some((value) => typeof value === 'number' && !Number.isFinite(value)) === true
  );
}

function isItem(value: Value): value is Dataset {
  return typeof value === 'object' && value !== null;
}
