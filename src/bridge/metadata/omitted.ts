// Bulk data that a data set without them must have had: what Composite Instance Retrieve Without Bulk Data leaves out
// (PS3.4 Z.1.3), told by the attributes that describe it.

import type { Attribute, Dataset, Value } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import type { Vr } from '../../dimse/data/vr.ts';

const BITS_ALLOCATED = '00280100';
const PIXEL_REPRESENTATION = '00280103';
const WAVEFORM_SEQUENCE = '54000100';
const WAVEFORM_BITS_ALLOCATED = '54001004';
const WAVEFORM_DATA = '54001010';

/** Refers to them below `root`, which ends with a slash; what is there stays as it is. */
export function referOmitted(dataset: Dataset, root: string): void {
  const refer = (item: Dataset, tag: string, vr: Vr, path = tag) => {
    item[tag] ??= { vr, BulkDataURI: root + path };
  };
  const pixels = pixelsOf(dataset);
  if (pixels !== undefined) refer(dataset, pixels.tag, pixels.vr);
  if (Tag.MIMETypeOfEncapsulatedDocument in dataset) refer(dataset, Tag.EncapsulatedDocument, 'OB');
  for (const tag of Object.keys(dataset)) {
    // Overlay Bits Allocated (60xx,0100) and Overlay Data (60xx,3000), in each repeating group.
    if (/^60[0-9A-F]{2}0100$/.test(tag)) refer(dataset, `${tag.slice(0, 4)}3000`, 'OW');
  }
  for (const [at, item] of itemsOf(dataset[WAVEFORM_SEQUENCE]).entries()) {
    const vr = Number(item[WAVEFORM_BITS_ALLOCATED]?.Value?.[0]) > 8 ? 'OW' : 'OB';
    refer(item, WAVEFORM_DATA, vr, `${WAVEFORM_SEQUENCE}/${at}/${WAVEFORM_DATA}`);
  }
}

/** Integers have a Pixel Representation, floating point numbers none (PS3.3 C.7.6.3, C.7.6.24, C.7.6.25). */
function pixelsOf(dataset: Dataset): { tag: string; vr: Vr } | undefined {
  const bits = Number(dataset[BITS_ALLOCATED]?.Value?.[0] ?? 0);
  if (bits === 0) return undefined;
  if (PIXEL_REPRESENTATION in dataset || bits <= 16) return { tag: Tag.PixelData, vr: bits > 8 ? 'OW' : 'OB' };
  return bits === 32 ? { tag: Tag.FloatPixelData, vr: 'OF' } : { tag: Tag.DoubleFloatPixelData, vr: 'OD' };
}

function itemsOf(attribute: Attribute | undefined): Dataset[] {
  return (attribute?.Value ?? []).filter(
    (value: Value): value is Dataset => typeof value === 'object' && value !== null,
  );
}
