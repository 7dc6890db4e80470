// TABLE resource kind → representations offered (PS3.18 Tables 8.7.3-2, 8.7.3-5, 8.7.4-1, 10.4.4-1, 10.5.4-1, 10.6.4-1),
// the server's preference first.

export type Offer = {
  mediaType: string;
  multipart: boolean;
  /**
   * Transfer syntaxes that may be named besides `*`; the first holds when none is named (8.7.3). `any`: every one, and
   * Explicit VR Little Endian when none is named. Absent: the parameter has no meaning here (8.7.4).
   */
  transferSyntaxes?: readonly [string, ...string[]] | 'any';
  /** Given only to those who name the type, not for a wildcard. */
  named?: true;
};

export type ResourceKind =
  | 'search'
  | 'instances'
  | 'instance'
  | 'metadata'
  | 'frames'
  | 'frame'
  | 'bulkdata'
  | 'rendered'
  | 'rendered-set'
  | 'rendition'
  | 'thumbnail'
  | 'store'
  | 'capabilities'
  | 'wado-uri';

/** Explicit VR Little Endian: the web's default (8.7.3). */
export const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';

/** Compressed bulk data types and their transfer syntaxes, the default first (Table 8.7.3-5; deflate from 2025a). */
export const BULKDATA_TYPES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'image/jpeg': [
    '1.2.840.10008.1.2.4.70',
    '1.2.840.10008.1.2.4.50',
    '1.2.840.10008.1.2.4.51',
    '1.2.840.10008.1.2.4.57',
  ],
  'image/dicom-rle': ['1.2.840.10008.1.2.5'],
  'image/jls': ['1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.81'],
  'image/jp2': ['1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.91'],
  'image/jpx': ['1.2.840.10008.1.2.4.92', '1.2.840.10008.1.2.4.93'],
  'image/jphc': ['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203'],
  'image/jxl': ['1.2.840.10008.1.2.4.110', '1.2.840.10008.1.2.4.111', '1.2.840.10008.1.2.4.112'],
  'application/x-deflate': ['1.2.840.10008.1.2.8.1'],
  'video/mpeg': [
    '1.2.840.10008.1.2.4.101',
    '1.2.840.10008.1.2.4.100',
    '1.2.840.10008.1.2.4.100.1',
    '1.2.840.10008.1.2.4.101.1',
  ],
  'video/mp4': [
    '1.2.840.10008.1.2.4.102',
    '1.2.840.10008.1.2.4.102.1',
    '1.2.840.10008.1.2.4.103',
    '1.2.840.10008.1.2.4.103.1',
    '1.2.840.10008.1.2.4.104',
    '1.2.840.10008.1.2.4.104.1',
    '1.2.840.10008.1.2.4.105',
    '1.2.840.10008.1.2.4.105.1',
    '1.2.840.10008.1.2.4.106',
    '1.2.840.10008.1.2.4.106.1',
  ],
  'video/h265': ['1.2.840.10008.1.2.4.107', '1.2.840.10008.1.2.4.108'],
};

/** Names of the trial standards of 2013 and 2014, and of peers that still use them (8.7.3.3.2 note). */
export const ALIASES: Readonly<Record<string, string>> = {
  'image/x-dicom-rle': 'image/dicom-rle',
  'image/dicom+rle': 'image/dicom-rle',
  'image/x-jls': 'image/jls',
  'image/dicom+jpeg-ls': 'image/jls',
  'image/dicom+jp2': 'image/jp2',
  'image/dicom+jpx': 'image/jpx',
  'image/dicom+jpeg': 'image/jpeg',
};

/** A type to be had as a single part, which is preferred, and as multipart/related. */
export const inBothForms = (mediaType: string): Offer[] => [
  { mediaType, multipart: false },
  { mediaType, multipart: true },
];
const octets = (multipart: boolean): Offer => ({
  mediaType: 'application/octet-stream',
  multipart,
  transferSyntaxes: [EXPLICIT_LITTLE, '1.2.840.10008.1.2.1.98'],
});
const compressed = (multipart: boolean): Offer[] =>
  Object.entries(BULKDATA_TYPES).map(([mediaType, transferSyntaxes]) => ({
    mediaType,
    multipart,
    transferSyntaxes,
    named: true,
  }));
const dicom = (multipart: boolean): Offer => ({
  mediaType: 'application/dicom',
  multipart,
  transferSyntaxes: 'any',
});
/** Extension: Part 10 files and a DICOMDIR, for who asks for it by name. */
const zip: Offer = { mediaType: 'application/zip', multipart: false, transferSyntaxes: 'any', named: true };
const json: Offer[] = [
  { mediaType: 'application/dicom+json', multipart: false },
  { mediaType: 'application/json', multipart: false },
];
const xml: Offer = { mediaType: 'application/dicom+xml', multipart: true };
const images = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];
/** Optional ones (Table 8.7.4-1), which no browser shows. */
const codestreams = ['image/jp2', 'image/jph', 'image/jxl'];
const pictures: Offer[] = [
  ...images.flatMap(inBothForms),
  ...codestreams.flatMap(inBothForms).map((offer): Offer => ({ ...offer, named: true })),
];

export const OFFERS: Readonly<Record<ResourceKind, readonly Offer[]>> = {
  search: [...json, xml], // Table 10.6.4-1
  metadata: [...json, xml], // Table 10.4.4-1: one JSON array, XML one part per instance
  instances: [dicom(true), octets(true), ...compressed(true), zip], // Table 10.4.4-1
  instance: [dicom(true), dicom(false), octets(true), ...compressed(true), zip], // single part only for one item (note 3)
  frames: [octets(true), ...compressed(true)],
  frame: [octets(true), octets(false), ...compressed(true), ...compressed(false)],
  // No default is defined (8.7.7): a wildcard, as browsers send it, gets the bare value.
  bulkdata: [octets(false), octets(true), ...compressed(false), ...compressed(true)],
  rendered: pictures, // Table 8.7.4-1; webp is an extension
  'rendered-set': pictures.filter(({ multipart }) => multipart), // several items: multipart only
  rendition: [], // Table 8.7.4-1, text, video and other categories: what the instance itself is given in
  thumbnail: pictures.filter(({ multipart }) => !multipart), // exactly one image (10.4.3.3.4)
  store: [...json, { mediaType: 'application/dicom+xml', multipart: false }], // Table 10.5.4-1
  capabilities: [
    { mediaType: 'application/vnd.sun.wadl+xml', multipart: false },
    { mediaType: 'application/json', multipart: false },
  ], // 8.9.4
  'wado-uri': [
    ...pictures.filter(({ multipart }) => !multipart),
    { mediaType: 'application/pdf', multipart: false },
    { mediaType: 'application/dicom', multipart: false },
  ], // 9.1.3
};
