// TABLE what an instance is when rendered (PS3.18 8.7.2): an image, or something that is shown in types of its own.

import type { StoredFile } from '../bridge/gateway.ts';
import { transferSyntax } from '../dimse/data/transfer-syntax.ts';
import { inBothForms, OFFERS, type Offer } from './offers.ts';

export type Category = 'image' | 'document' | 'report' | 'waveform' | 'video';

/** SOP Class UIDs by how they begin (PS3.4 B.5): encapsulated documents, structured reports, waveforms. */
const CLASSES: readonly (readonly [prefix: string, category: Category])[] = [
  ['1.2.840.10008.5.1.4.1.1.104.', 'document'],
  ['1.2.840.10008.5.1.4.1.1.88.', 'report'],
  ['1.2.840.10008.5.1.4.1.1.9.', 'waveform'],
];

export function categoryOf({
  sopClassUid,
  transferSyntaxUid,
}: Pick<StoredFile, 'sopClassUid' | 'transferSyntaxUid'>): Category {
  const [, category = 'image'] = CLASSES.find(([prefix]) => sopClassUid.startsWith(prefix)) ?? [];
  const isVideo = transferSyntax(transferSyntaxUid)?.mediaType?.startsWith('video/') === true;
  return category === 'image' && isVideo ? 'video' : category;
}

/** What a thumbnail of something without a picture says. */
export const ICONS: Readonly<Record<Exclude<Category, 'image' | 'waveform'>, string>> = {
  document: 'DOC',
  report: 'SR',
  video: 'VIDEO',
};

/** Types that no image is given in. */
export const OTHER_TYPES: readonly string[] = [
  'application/pdf',
  'text/html',
  'text/plain',
  'text/xml',
  'image/svg+xml',
  'video/mp4',
  'video/mpeg',
  'video/H265',
  'model/stl',
  'model/obj',
  'model/mtl',
];

/** Offers of these types, as long as it isn't known yet what the instance is. */
export const OTHER_OFFERS: readonly Offer[] = OTHER_TYPES.flatMap(inBothForms);

/** The same behind those of pictures, which a wildcard means. */
export function renderedOffers(kind: 'rendered' | 'rendered-set'): readonly Offer[] {
  return [...OFFERS[kind], ...OTHER_OFFERS];
}
