// Which transfer syntax uploaded bulk data are in: what the part says, else what its media type means, told apart by the
// codestream where one type has several (PS3.18 Table 8.7.3-5).

import { DicomError } from '../../dimse/errors.ts';
import { isReversibleJpeg2000, isReversibleJpegLs } from '../../render/codec/reversible.ts';
import type { MediaType } from '../media-type.ts';
import { ALIASES, BULKDATA_TYPES, EXPLICIT_LITTLE } from '../offers.ts';

const UNCOMPRESSED = 'application/octet-stream';

function unsupported(what: string): DicomError {
  return new DicomError('unsupported-media', `bulk data: ${what}`, { field: 'Content-Type' });
}

/** The transfer syntax of bulk data of `type` that begin with `head`. @throws DicomError `unsupported-media` */
export function syntaxOf(type: MediaType, head: Buffer): string {
  const mediaType = ALIASES[type.type] ?? type.type;
  if (mediaType === UNCOMPRESSED) return EXPLICIT_LITTLE;
  const possible = BULKDATA_TYPES[mediaType];
  if (possible === undefined) throw unsupported(`${type.type} can't be put into an instance`);
  const named = type.parameters.get('transfer-syntax');
  if (named !== undefined) {
    if (!possible.includes(named)) throw unsupported(`the transfer syntax is none of ${mediaType}`);
    return named;
  }
  return BY_CODESTREAM[mediaType]?.(head) ?? possible[0];
}

type Scan = { frameHeader?: number; selector?: number };

/** Start-of-frame marker, and the predictor of the first scan (ISO 10918-1 B.2). */
function scanOf(head: Buffer): Scan {
  const scan: Scan = {};
  for (let at = 2; at + 4 <= head.length && head[at] === 0xff; at += 2 + head.readUInt16BE(at + 2)) {
    const marker = head[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) scan.frameHeader = marker;
    if (marker !== 0xda) continue;
    const components = head[at + 4] ?? 0;
    return { ...scan, selector: head[at + 5 + 2 * components] ?? 0 };
  }
  return scan;
}

function jpeg(head: Buffer): string {
  const { frameHeader, selector } = scanOf(head);
  if (frameHeader === 0xc0) return '1.2.840.10008.1.2.4.50';
  if (frameHeader === 0xc1) return '1.2.840.10008.1.2.4.51';
  if (frameHeader === 0xc3) return selector === 1 ? '1.2.840.10008.1.2.4.70' : '1.2.840.10008.1.2.4.57';
  throw unsupported('a JPEG process that no transfer syntax in use has');
}

function jpegLs(head: Buffer): string {
  return isReversibleJpegLs(head) ? '1.2.840.10008.1.2.4.80' : '1.2.840.10008.1.2.4.81';
}

const BY_CODESTREAM: Readonly<Record<string, (head: Buffer) => string>> = {
  'image/jpeg': jpeg,
  'image/jls': jpegLs,
  'image/jp2': (head) => (isReversibleJpeg2000(head) ? '1.2.840.10008.1.2.4.90' : '1.2.840.10008.1.2.4.91'),
  'image/jphc': (head) => (isReversibleJpeg2000(head) ? '1.2.840.10008.1.2.4.201' : '1.2.840.10008.1.2.4.203'),
  'image/jxl': () => '1.2.840.10008.1.2.4.112',
};
