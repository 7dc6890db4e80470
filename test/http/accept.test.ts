// Content negotiation (PS3.18 8.7): what a list of acceptable types comes down to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DicomError } from '../../src/dimse/errors.ts';
import { choose } from '../../src/http/accept.ts';
import type { ResourceKind } from '../../src/http/offers.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const DICOM = 'multipart/related; type="application/dicom"';
const OCTETS = 'multipart/related; type="application/octet-stream"';

/** `multi` or nothing, the type, the transfer syntax where one has a meaning. */
type Row = readonly [
  name: string,
  kind: ResourceKind,
  header: string | undefined,
  query: string | undefined,
  best: string,
];

const ROWS: readonly Row[] = [
  ['the default of instances', 'instances', '*/*', undefined, `multi application/dicom ${EXPLICIT}`],
  ['no header, leniently', 'instances', undefined, undefined, `multi application/dicom ${EXPLICIT}`],
  ['NEG-11 no transfer syntax named', 'instances', DICOM, undefined, `multi application/dicom ${EXPLICIT}`],
  [
    'NEG-19 T-3 an unquoted type',
    'instances',
    'multipart/related; type=application/dicom',
    undefined,
    `multi application/dicom ${EXPLICIT}`,
  ],
  [
    'NEG-19 any case of the type',
    'instances',
    'Multipart/Related; Type="Application/DICOM"',
    undefined,
    `multi application/dicom ${EXPLICIT}`,
  ],
  [
    'multipart/related without a type',
    'instances',
    'multipart/related',
    undefined,
    `multi application/dicom ${EXPLICIT}`,
  ],
  ['multipart/*', 'instances', 'multipart/*', undefined, `multi application/dicom ${EXPLICIT}`],
  ['NEG-9 T-7 any transfer syntax', 'instances', `${DICOM}; transfer-syntax=*`, undefined, 'multi application/dicom *'],
  [
    'NEG-9 one transfer syntax',
    'instances',
    `${DICOM}; transfer-syntax=1.2.840.10008.1.2.4.80`,
    undefined,
    'multi application/dicom 1.2.840.10008.1.2.4.80',
  ],
  [
    'NEG-10 several transfer syntaxes',
    'instances',
    `${DICOM}; transfer-syntax=1.2; q=0.3, ${DICOM}; transfer-syntax=1.3; q=0.4`,
    undefined,
    'multi application/dicom 1.3',
  ],
  [
    'NEG-6 q decides',
    'metadata',
    'application/dicom+json; q=0.5, multipart/related; type="application/dicom+xml"',
    undefined,
    'multi application/dicom+xml',
  ],
  ['NEG-6 the most specific range gives the q', 'rendered', 'image/*, image/jpeg; q=0.1', undefined, 'image/png'],
  ['NEG-6 q=0 excludes', 'rendered', 'image/jpeg; q=0, image/*', undefined, 'image/png'],
  ['NEG-6 q=0 of a wildcard', 'rendered', '*/*; q=0, image/gif', undefined, 'image/gif'],
  ['NEG-6 as listed when q is the same', 'rendered', 'image/gif, image/png', undefined, 'image/gif'],
  ['NEG-6 a type before a wildcard', 'rendered', '*/*, image/png', undefined, 'image/png'],
  ['NEG-7 type/*', 'rendered', 'image/*', undefined, 'image/jpeg'],
  ['NEG-7 the default of metadata', 'metadata', '*/*', undefined, 'application/dicom+json'],
  ['NEG-7 the default of a thumbnail', 'thumbnail', 'text/html, */*; q=0.1', undefined, 'image/jpeg'],
  [
    'NEG-8 members that are none are ignored',
    'metadata',
    'nonsense, ;;, a/b/c, application/dicom+json',
    undefined,
    'application/dicom+json',
  ],
  [
    'NEG-8 a broken q is ignored with its member',
    'metadata',
    'application/dicom+json; q=2, application/json',
    undefined,
    'application/json',
  ],
  ['NEG-5 the parameter before the header', 'rendered', 'image/png', 'image/gif', 'image/gif'],
  ['NEG-5 a parameter of unknown types leaves the header', 'rendered', 'image/png', 'image/tiff', 'image/png'],
  ['NEG-2 a q in the parameter', 'rendered', '*/*', 'image/png;q=0.2,image/gif;q=0.8', 'image/gif'],
  ['NEG-2 no wildcard in the parameter', 'rendered', 'image/gif', '*/*', 'image/gif'],
  [
    'NEG-16 a transfer syntax of a rendered type is ignored',
    'rendered',
    'image/png; transfer-syntax=1.2',
    undefined,
    'image/png',
  ],
  [
    'NEG-20 the old name of RLE',
    'frame',
    'multipart/related; type="image/x-dicom-rle"',
    undefined,
    'multi image/dicom-rle 1.2.840.10008.1.2.5',
  ],
  ['NEG-20 the old name of JPEG-LS', 'frame', 'image/x-jls', undefined, 'image/jls 1.2.840.10008.1.2.4.80'],
  [
    'T-6 the default of image/jpeg frames is lossless',
    'frame',
    'multipart/related; type="image/jpeg"',
    undefined,
    'multi image/jpeg 1.2.840.10008.1.2.4.70',
  ],
  ['the default of JPEG 2000 frames', 'frame', 'image/jp2', undefined, 'image/jp2 1.2.840.10008.1.2.4.90'],
  ['frames as octets', 'frames', OCTETS, undefined, `multi application/octet-stream ${EXPLICIT}`],
  ['frames of any form', 'frames', `${OCTETS}; transfer-syntax=*`, undefined, 'multi application/octet-stream *'],
  ['a bare frame', 'frame', 'application/octet-stream', undefined, `application/octet-stream ${EXPLICIT}`],
  ['bulk data for a browser', 'bulkdata', 'text/html, */*;q=0.8', undefined, `application/octet-stream ${EXPLICIT}`],
  ['one instance bare', 'instance', 'application/dicom', undefined, `application/dicom ${EXPLICIT}`],
  ['plain JSON for metadata', 'metadata', 'application/json, text/plain', undefined, 'application/json'],
  ['XML of an upload', 'store', 'application/dicom+xml', undefined, 'application/dicom+xml'],
];

for (const [name, kind, header, query, best] of ROWS) {
  test(name, () => {
    const [first] = choose(kind, { header, query });
    const { mediaType, multipart, transferSyntax } = first ?? { mediaType: '', multipart: false };
    assert.equal([multipart ? 'multi' : '', mediaType, transferSyntax ?? ''].filter(Boolean).join(' '), best);
  });
}

const REFUSED: readonly (readonly [
  name: string,
  kind: ResourceKind,
  header: string | undefined,
  query: string | undefined,
  error: string,
  strict?: true,
])[] = [
  ['T-2 NEG-4 DICOM and rendered types', 'instance', 'application/dicom, image/jpeg', undefined, 'malformed'],
  ['NEG-4 on a rendered resource', 'rendered', 'application/dicom, image/jpeg', undefined, 'malformed'],
  ['NEG-4 in the parameter', 'instance', '*/*', 'application/dicom,image/png', 'malformed'],
  ['NEG-5 nothing that is offered', 'rendered', 'image/tiff', undefined, 'not-acceptable'],
  ['MP-7 a bare type for a series', 'instances', 'application/dicom', undefined, 'not-acceptable'],
  ['XML of a search as a single part', 'search', 'application/dicom+xml', undefined, 'not-acceptable'],
  ['only q=0', 'metadata', '*/*;q=0', undefined, 'not-acceptable'],
  [
    'two transfer syntaxes in one range',
    'instances',
    `${DICOM}; transfer-syntax=1.2; transfer-syntax=1.3`,
    undefined,
    'not-acceptable',
  ],
  [
    'a transfer syntax that is none of the type',
    'frame',
    'image/jls; transfer-syntax=1.2.840.10008.1.2.4.90',
    undefined,
    'not-acceptable',
  ],
  ['NEG-1 T-1 no header, strictly', 'metadata', undefined, undefined, 'not-acceptable', true],
  [
    'NEG-2 no header, strictly, whatever the parameter',
    'metadata',
    undefined,
    'application/json',
    'not-acceptable',
    true,
  ],
  ['NEG-3 a parameter outside the header, strictly', 'rendered', 'text/html', 'image/png', 'not-acceptable', true],
];

for (const [name, kind, header, query, error, strict = false] of REFUSED) {
  test(`${name} is ${error}`, () => {
    assert.throws(
      () => choose(kind, { header, query, strict }),
      (thrown) => thrown instanceof DicomError && thrown.kind === error,
    );
  });
}

test('8.5 a 406 lists what is offered', () => {
  assert.throws(() => choose('metadata', { header: 'text/html' }), /application\/dicom\+json.*application\/dicom\+xml/);
});

test('NEG-3 a parameter within the header holds strictly too', () => {
  assert.equal(choose('rendered', { header: 'image/*', query: 'image/png', strict: true })[0]?.mediaType, 'image/png');
});
