// The transfer syntaxes of PS3.5 Annex A and PS3.6 Table A-1, with the media type that PS3.18 Table 8.7.3-5 gives their
// compressed frames.

export type TransferSyntax = {
  uid: string;
  name: string;
  endian: 'little' | 'big';
  explicit: boolean;
  /** The whole data set is one raw deflate stream (PS3.5 A.5). */
  deflated: boolean;
  /** Pixel data come as fragments in items (PS3.5 A.4). */
  encapsulated: boolean;
  /** Compression that cannot be undone exactly; `true` also where the syntax leaves it open. Absent without compression. */
  lossy?: boolean;
  /** Media type of the compressed frames, or of native ones; undefined where PS3.18 has none. */
  mediaType?: string;
};

export const ImplicitLittle = '1.2.840.10008.1.2';
export const ExplicitLittle = '1.2.840.10008.1.2.1';
export const EncapsulatedUncompressed = '1.2.840.10008.1.2.1.98';
export const Deflated = '1.2.840.10008.1.2.1.99';
export const ExplicitBig = '1.2.840.10008.1.2.2';
export const JpegBaseline = '1.2.840.10008.1.2.4.50';
export const JpegExtended = '1.2.840.10008.1.2.4.51';
export const JpegLossless = '1.2.840.10008.1.2.4.57';
export const JpegLosslessSv1 = '1.2.840.10008.1.2.4.70';
export const JpegLsLossless = '1.2.840.10008.1.2.4.80';
export const JpegLsNearLossless = '1.2.840.10008.1.2.4.81';
export const Jpeg2000Lossless = '1.2.840.10008.1.2.4.90';
export const Jpeg2000 = '1.2.840.10008.1.2.4.91';
export const JpegXlLossless = '1.2.840.10008.1.2.4.110';
export const JpegXlRecompression = '1.2.840.10008.1.2.4.111';
export const JpegXl = '1.2.840.10008.1.2.4.112';
export const HtJpeg2000Lossless = '1.2.840.10008.1.2.4.201';
export const HtJpeg2000LosslessRpcl = '1.2.840.10008.1.2.4.202';
export const HtJpeg2000 = '1.2.840.10008.1.2.4.203';
export const RleLossless = '1.2.840.10008.1.2.5';
export const DeflatedFrame = '1.2.840.10008.1.2.8.1';

const OCTETS = 'application/octet-stream';

function native(uid: string, name: string, form: Partial<TransferSyntax>): TransferSyntax {
  return { uid, name, endian: 'little', explicit: true, deflated: false, encapsulated: false, ...form };
}

function compressed(suffix: string, name: string, lossy: boolean, mediaType?: string): TransferSyntax {
  const uid = `1.2.840.10008.1.2.${suffix}`;
  const base = { uid, name, endian: 'little', explicit: true, deflated: false, encapsulated: true, lossy } as const;
  return mediaType === undefined ? base : { ...base, mediaType };
}

/** PS3.6 Table A-1, transfer syntaxes that can carry a composite instance. */
export const TRANSFER_SYNTAXES: readonly TransferSyntax[] = [
  native(ImplicitLittle, 'Implicit VR Little Endian', { explicit: false }),
  native(ExplicitLittle, 'Explicit VR Little Endian', { mediaType: OCTETS }),
  native(EncapsulatedUncompressed, 'Encapsulated Uncompressed Explicit VR Little Endian', {
    encapsulated: true,
    mediaType: OCTETS,
  }),
  native(Deflated, 'Deflated Explicit VR Little Endian', { deflated: true }),
  native(ExplicitBig, 'Explicit VR Big Endian', { endian: 'big' }),
  compressed('4.50', 'JPEG Baseline (Process 1)', true, 'image/jpeg'),
  compressed('4.51', 'JPEG Extended (Process 2 and 4)', true, 'image/jpeg'),
  compressed('4.52', 'JPEG Extended (Process 3 and 5)', true),
  compressed('4.53', 'JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)', true),
  compressed('4.54', 'JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)', true),
  compressed('4.55', 'JPEG Full Progression, Non-Hierarchical (Process 10 and 12)', true),
  compressed('4.56', 'JPEG Full Progression, Non-Hierarchical (Process 11 and 13)', true),
  compressed('4.57', 'JPEG Lossless, Non-Hierarchical (Process 14)', false, 'image/jpeg'),
  compressed('4.58', 'JPEG Lossless, Non-Hierarchical (Process 15)', false),
  compressed('4.59', 'JPEG Extended, Hierarchical (Process 16 and 18)', true),
  compressed('4.60', 'JPEG Extended, Hierarchical (Process 17 and 19)', true),
  compressed('4.61', 'JPEG Spectral Selection, Hierarchical (Process 20 and 22)', true),
  compressed('4.62', 'JPEG Spectral Selection, Hierarchical (Process 21 and 23)', true),
  compressed('4.63', 'JPEG Full Progression, Hierarchical (Process 24 and 26)', true),
  compressed('4.64', 'JPEG Full Progression, Hierarchical (Process 25 and 27)', true),
  compressed('4.65', 'JPEG Lossless, Hierarchical (Process 28)', false),
  compressed('4.66', 'JPEG Lossless, Hierarchical (Process 29)', false),
  compressed(
    '4.70',
    'JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])',
    false,
    'image/jpeg',
  ),
  compressed('4.80', 'JPEG-LS Lossless Image Compression', false, 'image/jls'),
  compressed('4.81', 'JPEG-LS Lossy (Near-Lossless) Image Compression', true, 'image/jls'),
  compressed('4.90', 'JPEG 2000 Image Compression (Lossless Only)', false, 'image/jp2'),
  compressed('4.91', 'JPEG 2000 Image Compression', true, 'image/jp2'),
  compressed('4.92', 'JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)', false, 'image/jpx'),
  compressed('4.93', 'JPEG 2000 Part 2 Multi-component Image Compression', true, 'image/jpx'),
  native('1.2.840.10008.1.2.4.94', 'JPIP Referenced', { lossy: true }),
  native('1.2.840.10008.1.2.4.95', 'JPIP Referenced Deflate', { lossy: true, deflated: true }),
  compressed('4.100', 'MPEG2 Main Profile / Main Level', true, 'video/mpeg'),
  compressed('4.100.1', 'Fragmentable MPEG2 Main Profile / Main Level', true, 'video/mpeg'),
  compressed('4.101', 'MPEG2 Main Profile / High Level', true, 'video/mpeg'),
  compressed('4.101.1', 'Fragmentable MPEG2 Main Profile / High Level', true, 'video/mpeg'),
  compressed('4.102', 'MPEG-4 AVC/H.264 High Profile / Level 4.1', true, 'video/mp4'),
  compressed('4.102.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1', true, 'video/mp4'),
  compressed('4.103', 'MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', true, 'video/mp4'),
  compressed('4.103.1', 'Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', true, 'video/mp4'),
  compressed('4.104', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', true, 'video/mp4'),
  compressed('4.104.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', true, 'video/mp4'),
  compressed('4.105', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', true, 'video/mp4'),
  compressed('4.105.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', true, 'video/mp4'),
  compressed('4.106', 'MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', true, 'video/mp4'),
  compressed('4.106.1', 'Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', true, 'video/mp4'),
  compressed('4.107', 'HEVC/H.265 Main Profile / Level 5.1', true, 'video/H265'),
  compressed('4.108', 'HEVC/H.265 Main 10 Profile / Level 5.1', true, 'video/H265'),
  compressed('4.110', 'JPEG XL Lossless', false, 'image/jxl'),
  compressed('4.111', 'JPEG XL JPEG Recompression', true, 'image/jxl'),
  compressed('4.112', 'JPEG XL', true, 'image/jxl'),
  compressed('4.201', 'High-Throughput JPEG 2000 Image Compression (Lossless Only)', false, 'image/jphc'),
  compressed(
    '4.202',
    'High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)',
    false,
    'image/jphc',
  ),
  compressed('4.203', 'High-Throughput JPEG 2000 Image Compression', true, 'image/jphc'),
  native('1.2.840.10008.1.2.4.204', 'JPIP HTJ2K Referenced', { lossy: true }),
  native('1.2.840.10008.1.2.4.205', 'JPIP HTJ2K Referenced Deflate', { lossy: true, deflated: true }),
  compressed('5', 'RLE Lossless', false, 'image/dicom-rle'),
  compressed('8.1', 'Deflated Image Frame Compression', false, 'application/x-deflate'),
];

const BY_UID = new Map(TRANSFER_SYNTAXES.map((syntax) => [syntax.uid, syntax]));

/** The transfer syntax with this UID; undefined when PS3.6 Table A-1 has none that can carry a composite instance. */
export function transferSyntax(uid: string): TransferSyntax | undefined {
  return BY_UID.get(uid);
}
