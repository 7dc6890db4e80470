// Data sets written down by keyword: { Modality: 'CT', Rows: 512 } becomes the DICOM JSON model, VRs from the dictionary.

import type { Attribute, Dataset, PersonName, Value } from '../dimse/data/dataset.ts';
import { tagOf, type VrContext, vrOf } from '../dimse/data/dictionary.ts';
import { DicomError } from '../dimse/errors.ts';

type One = string | number | Dataset;
/** One value, several, the bytes of a value field, or `null` for an attribute of zero length. */
export type Content = One | readonly One[] | Uint8Array | null;

/** The data set with these attributes; names of persons as `Alphabetic=Ideographic=Phonetic`. Unknown keyword: throws. */
export function attributes(contents: Readonly<Record<string, Content>>): Dataset {
  const context: VrContext = {
    pixelRepresentation: numberOf(contents.PixelRepresentation),
    bitsAllocated: numberOf(contents.BitsAllocated),
  };
  return Object.fromEntries(
    Object.entries(contents).map(([keyword, content]) => {
      const tag = tagOf(keyword);
      if (tag === undefined) throw new DicomError('malformed', `No attribute is called ${keyword}`, { field: keyword });
      return [tag, attribute(tag, content, context)];
    }),
  );
}

function attribute(tag: string, content: Content, context: VrContext): Attribute {
  const vr = vrOf(tag, context);
  if (content === null) return { vr };
  if (content instanceof Uint8Array) return { vr, InlineBinary: content };
  const values: readonly One[] = isList(content) ? content : [content];
  return { vr, Value: values.map((value): Value => (vr === 'PN' ? personName(String(value)) : value)) };
}

function isList(content: One | readonly One[]): content is readonly One[] {
  return Array.isArray(content);
}

/** `Yamada^Tarou=山田^太郎=やまだ^たろう` as its component groups (PS3.5 6.2.1). */
export function personName(text: string): PersonName {
  const [alphabetic = '', ideographic = '', phonetic = ''] = text.split('=');
  return {
    ...(alphabetic !== '' && { Alphabetic: alphabetic }),
    ...(ideographic !== '' && { Ideographic: ideographic }),
    ...(phonetic !== '' && { Phonetic: phonetic }),
  };
}

function numberOf(content: Content | undefined): number | undefined {
  return typeof content === 'number' ? content : undefined;
}
