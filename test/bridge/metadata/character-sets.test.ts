// Text of stored instances whose data set and items have character sets of their own (PS3.3 C.12.1.1.2, PS3.5 6.1.2.5).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { metadataOf } from '../../../src/bridge/metadata/metadata.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';

const LONG_VRS = ['OB', 'OW', 'SQ', 'UT'];

/** An element by its tag, as GGGGEEEE, in Explicit VR Little Endian. */
function element(tag: string, vr: string, value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from(' ')]);
  const isLong = LONG_VRS.includes(vr);
  const header = Buffer.alloc(isLong ? 12 : 8);
  header.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0);
  header.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2);
  header.write(vr, 4, 'latin1');
  if (isLong) header.writeUInt32LE(even.length, 8);
  else header.writeUInt16LE(even.length, 6);
  return Buffer.concat([header, even]);
}

function sequence(tag: string, ...items: Buffer[][]): Buffer {
  const encoded = items.flatMap((elements) => {
    const content = Buffer.concat(elements);
    const header = Buffer.from('feff00e000000000', 'hex');
    header.writeUInt32LE(content.length, 4);
    return [header, content];
  });
  return element(tag, 'SQ', Buffer.concat(encoded));
}

/** A name in each character set: as bytes, and read. */
const SETS = [
  { terms: 'ISO_IR 100', bytes: Buffer.from('M\xfcller^J\xf6rg', 'latin1'), name: { Alphabetic: 'Müller^Jörg' } },
  { terms: 'ISO_IR 144', bytes: Buffer.from('b8d2d0ddded2', 'hex'), name: { Alphabetic: 'Иванов' } },
  { terms: 'ISO_IR 192', bytes: Buffer.from('Łukasz=山田'), name: { Alphabetic: 'Łukasz', Ideographic: '山田' } },
  {
    terms: '\\ISO 2022 IR 87',
    bytes: Buffer.from('Yamada=\x1b$B;3ED\x1b(B', 'latin1'),
    name: { Alphabetic: 'Yamada', Ideographic: '山田' },
  },
];

const PN = '0040A123';
const CODES = '00081032';
const NESTED = '00081140';

type Set = (typeof SETS)[number];

/** A sequence of an item with its own set, one without that holds one with, and another with its own; text behind each. */
function nested(tag: string, outer: Set, inner: Set): Buffer {
  const own = [element('00080005', 'CS', inner.terms), sequence(NESTED, [element(PN, 'PN', inner.bytes)])];
  own.push(element(PN, 'PN', inner.bytes));
  return sequence(tag, own, [sequence(NESTED, own), element(PN, 'PN', outer.bytes)], own);
}

function assertNested(dataset: Dataset, tag: string, outer: Set, inner: Set): void {
  const [first, second, third] = (dataset[tag]?.Value ?? []) as Dataset[];
  const inside = (second?.[NESTED]?.Value?.[0] ?? {}) as Dataset;
  for (const own of [first, inside, third]) {
    assert.deepEqual((own?.[NESTED]?.Value?.[0] as Dataset)?.[PN]?.Value, [inner.name]);
    assert.deepEqual(own?.[PN]?.Value, [inner.name]);
  }
  assert.deepEqual(second?.[PN]?.Value, [outer.name]);
}

/** Longer than what is read of a file at first. */
const FILLING = element('0040A160', 'UT', Buffer.alloc(100_000, 'x'));
const DOCUMENT = element('00420011', 'OB', Buffer.alloc(100_000));
const PIXELS = element('7FE00010', 'OW', Buffer.alloc(100_000));

describe('metadata: items have the character set of the data set but for those with their own', () => {
  for (const outer of SETS) {
    for (const inner of SETS.filter((set) => set !== outer)) {
      test(`${inner.terms} in ${outer.terms}, also behind long values, a document and pixel data`, async () => {
        const places = [CODES, '0040A168', '00420013', 'FFFAFFFA'];
        const [head, far, behindDocument, behindPixels] = places.map((tag) => nested(tag, outer, inner));
        const text = (tag: string) => element(tag, 'PN', outer.bytes);
        const body = Buffer.concat([
          element('00080005', 'CS', outer.terms),
          ...[head, text('00081050'), FILLING, far, text('0040A307'), DOCUMENT, behindDocument].map(
            (one) => one ?? PIXELS,
          ),
          ...[text('00420020'), PIXELS, behindPixels, text('FFFB0010')].map((one) => one ?? PIXELS),
        ]);
        const metadata = await metadataOf(
          {
            ...{ studyInstanceUid: '1.1', seriesInstanceUid: '1.1.1', sopInstanceUid: '1.5' },
            ...{ transferSyntaxUid: ExplicitLittle, dataOffset: 0, size: body.length },
            read: (target: Buffer, position: number) => body.copy(target, 0, Math.min(position, body.length)),
          } as Parameters<typeof metadataOf>[0],
          { baseUrl: 'http://host', inlineBytes: 16 },
        );
        for (const tag of places) assertNested(metadata, tag, outer, inner);
        for (const tag of ['00081050', '0040A307', '00420020', 'FFFB0010']) {
          assert.deepEqual(metadata[tag]?.Value, [outer.name], tag);
        }
      });
    }
  }
});
