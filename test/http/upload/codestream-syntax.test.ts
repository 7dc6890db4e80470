// Which transfer syntax bulk data are in (S-17, Table 8.7.3-5): what their part says, else what their codestream is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMediaType } from '../../../src/http/media-type.ts';
import { syntaxOf } from '../../../src/http/upload/codestream-syntax.ts';
import { jpeg2000Header, jpegHeader } from './codestream-headers.ts';

const of = (type: string, head: Buffer = Buffer.alloc(0)): string => syntaxOf(parseMediaType(type), head);

const ROWS: readonly (readonly [what: string, type: string, head: Buffer, syntax: string])[] = [
  ['octets', 'application/octet-stream', Buffer.from('x'), '1.2.840.10008.1.2.1'],
  ['baseline JPEG', 'image/jpeg', jpegHeader(), '1.2.840.10008.1.2.4.50'],
  ['extended JPEG', 'image/jpeg', jpegHeader({ frame: 0xc1, precision: 12 }), '1.2.840.10008.1.2.4.51'],
  ['lossless JPEG of predictor 1', 'image/jpeg', jpegHeader({ frame: 0xc3, selector: 1 }), '1.2.840.10008.1.2.4.70'],
  ['lossless JPEG of another', 'image/jpeg', jpegHeader({ frame: 0xc3, selector: 6 }), '1.2.840.10008.1.2.4.57'],
  [
    'lossless JPEG in colour',
    'image/jpeg',
    jpegHeader({ frame: 0xc3, components: 3, selector: 2 }),
    '1.2.840.10008.1.2.4.57',
  ],
  ['JPEG by its old name', 'image/dicom+jpeg', jpegHeader(), '1.2.840.10008.1.2.4.50'],
  ['JPEG-LS without loss', 'image/jls', jpegHeader({ frame: 0xf7, selector: 0 }), '1.2.840.10008.1.2.4.80'],
  ['JPEG-LS with loss', 'image/jls', jpegHeader({ frame: 0xf7, selector: 2 }), '1.2.840.10008.1.2.4.81'],
  ['JPEG 2000 without loss', 'image/jp2', jpeg2000Header(), '1.2.840.10008.1.2.4.90'],
  ['JPEG 2000 with loss', 'image/jp2', jpeg2000Header({ isReversible: false }), '1.2.840.10008.1.2.4.91'],
  ['HTJ2K without loss', 'image/jphc', jpeg2000Header(), '1.2.840.10008.1.2.4.201'],
  ['HTJ2K with loss', 'image/jphc', jpeg2000Header({ isReversible: false }), '1.2.840.10008.1.2.4.203'],
  ['JPEG XL', 'image/jxl', Buffer.from('ff0a', 'hex'), '1.2.840.10008.1.2.4.112'],
  ['RLE', 'image/dicom-rle', Buffer.alloc(64), '1.2.840.10008.1.2.5'],
  [
    'a syntax that the part names',
    'image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202',
    jpeg2000Header(),
    '1.2.840.10008.1.2.4.202',
  ],
];

for (const [what, type, head, syntax] of ROWS) {
  test(`S-17 ${what} is ${syntax}`, () => assert.equal(of(type, head), syntax));
}

for (const [what, type, head] of [
  ['a syntax of another type', 'image/jls; transfer-syntax=1.2.840.10008.1.2.4.50', jpegHeader()],
  ['progressive JPEG', 'image/jpeg', jpegHeader({ frame: 0xc2 })],
  ['a JPEG without a frame', 'image/jpeg', Buffer.from('ffd8ffd9', 'hex')],
  ['a table where the frame should be', 'image/jpeg', jpegHeader({ frame: 0xc4 })],
  ['a type that no instance holds', 'image/tiff', Buffer.alloc(8)],
] as const) {
  test(`S-17 ${what} is refused`, () => assert.throws(() => of(type, head), { kind: 'unsupported-media' }));
}
