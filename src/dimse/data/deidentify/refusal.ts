// What can't be de-identified without looking at it: pictures that may have a name written into their pixels, documents and
// speech (PS3.15 E.3.1, E.2).

import type { Dataset } from '../dataset.ts';
import { Tag } from '../tags.ts';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const CONVERSION_TYPE = '00080064';

/** Images as an acquisition or a calculation makes them: nothing is written into their pixels by the way they come to be. */
const ACQUIRED: ReadonlySet<string> = new Set(
  [
    // CT, Enhanced CT, Legacy Converted Enhanced CT; MR, Enhanced MR, Enhanced MR Color, Legacy Converted Enhanced MR
    ...['2', '2.1', '2.2', '4', '4.1', '4.3', '4.4'],
    // Nuclear Medicine; PET, Legacy Converted Enhanced PET, Enhanced PET
    ...['20', '128', '128.1', '130'],
    // Segmentation, Parametric Map, RT Dose, Real World Value Mapping
    ...['66.4', '30', '481.2', '67'],
  ].map((suffix) => STORAGE + suffix),
);

/** Text and documents, of which the profile leaves nothing that would be worth having: SR and encapsulated documents. */
const DOCUMENTS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(88|104)\./;

/** Basic Voice Audio Waveform, General Audio Waveform. */
const SPOKEN = ['9.4.1', '9.4.2'].map((suffix) => STORAGE + suffix);

/** An overlay plane without data of its own is in the pixel cells (PS3.3 C.9.2, retired form): it goes wherever they go. */
function hasEmbeddedOverlay(dataset: Dataset): boolean {
  return Object.keys(dataset).some((tag) => /^60..0100$/.test(tag) && dataset[`${tag.slice(0, 4)}3000`] === undefined);
}

/** Why the instance can't be given de-identified; undefined when it can. `dataset`: the attributes before its pixel data. */
export function refusalToClean(dataset: Dataset, hasPixels: boolean): string | undefined {
  const first = (tag: string, at = 0): string => String(dataset[tag]?.Value?.[at] ?? '').trim();
  const sopClassUid = first(Tag.SOPClassUID).replace(/\0+$/, '');
  if (DOCUMENTS.test(sopClassUid)) return 'it is a document, whose text may name the patient';
  if (SPOKEN.includes(sopClassUid)) return 'it is a recording, in which the patient may be named';
  if (!hasPixels) return undefined;
  if (hasEmbeddedOverlay(dataset)) return 'its pixels hold an overlay in bits of their own, which may name the patient';
  const burnedIn = first(Tag.BurnedInAnnotation);
  if (burnedIn === 'NO') return undefined;
  if (burnedIn === 'YES') return 'its pixels have text burned in, which may name the patient';
  const isPrimary = first(Tag.ImageType, 1) !== 'SECONDARY' && dataset[CONVERSION_TYPE] === undefined;
  if (ACQUIRED.has(sopClassUid) && isPrimary) return undefined;
  return 'its pixels may have text burned in: Burned In Annotation does not say that there is none';
}
