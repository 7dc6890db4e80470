// Re-encoding while the bytes stream.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { inflatedChunks } from '../../../src/dimse/data/deflate-stream.ts';
import { isIncomplete, readDataset } from '../../../src/dimse/data/reader.ts';
import { type ReencodeOptions, reencode } from '../../../src/dimse/data/reencode.ts';
import {
  Deflated,
  ExplicitBig,
  ExplicitLittle,
  ImplicitLittle,
  JpegBaseline,
} from '../../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { convertDataset } from './converted.ts';
import { all, explicit, explicitBig, implicit, item, openItem, openSequence, UNDEFINED } from './encoded.ts';

function bytes(...values: number[]): Buffer {
  return Buffer.from(values);
}

type Case = [what: string, fromUid: string, from: Buffer, toUid: string, to: Buffer];

const CASES: Case[] = [
  [
    'VRs from the dictionary',
    ImplicitLittle,
    implicit('00100020', 'X '),
    ExplicitLittle,
    explicit('00100020', 'LO', 'X '),
  ],
  [
    'private values as UN, creators as LO',
    ImplicitLittle,
    all(implicit('00090010', 'ACME'), implicit('00091001', 'x ')),
    ExplicitLittle,
    all(explicit('00090010', 'LO', 'ACME'), explicit('00091001', 'UN', 'x ')),
  ],
  [
    'US or SS by PixelRepresentation',
    ImplicitLittle,
    all(implicit('00280103', bytes(1, 0)), implicit('00280106', bytes(0xff, 0xff))),
    ExplicitLittle,
    all(explicit('00280103', 'US', bytes(1, 0)), explicit('00280106', 'SS', bytes(0xff, 0xff))),
  ],
  [
    'pixel data of 16 bits as OW',
    ImplicitLittle,
    all(implicit('00280100', bytes(16, 0)), implicit('7FE00010', bytes(1, 2))),
    ExplicitLittle,
    all(explicit('00280100', 'US', bytes(16, 0)), explicit('7FE00010', 'OW', bytes(1, 2))),
  ],
  [
    'pixel data of 8 bits as OB',
    ImplicitLittle,
    all(implicit('00280100', bytes(8, 0)), implicit('7FE00010', bytes(1, 2))),
    ExplicitLittle,
    all(explicit('00280100', 'US', bytes(8, 0)), explicit('7FE00010', 'OB', bytes(1, 2))),
  ],
  [
    'sequences with lengths as delimited ones',
    ImplicitLittle,
    implicit('00081140', all(item(implicit('00080100', '1 ')), item())),
    ExplicitLittle,
    explicit('00081140', 'SQ', openSequence(openItem(explicit('00080100', 'SH', '1 ')), openItem()), UNDEFINED),
  ],
  [
    'delimited sequences',
    ImplicitLittle,
    implicit('00081140', openSequence(openItem(implicit('00080100', '1 '))), UNDEFINED),
    ExplicitLittle,
    explicit('00081140', 'SQ', openSequence(openItem(explicit('00080100', 'SH', '1 '))), UNDEFINED),
  ],
  [
    'private sequences',
    ImplicitLittle,
    implicit('00091001', openSequence(openItem(implicit('00080100', '1 '))), UNDEFINED),
    ExplicitLittle,
    explicit('00091001', 'SQ', openSequence(openItem(explicit('00080100', 'SH', '1 '))), UNDEFINED),
  ],
  [
    'without group lengths',
    ImplicitLittle,
    all(implicit('00080000', bytes(10, 0, 0, 0)), implicit('00080018', '1.')),
    ExplicitLittle,
    explicit('00080018', 'UI', '1.'),
  ],
  [
    'explicit to implicit VR',
    ExplicitLittle,
    all(explicit('00081140', 'SQ', item(explicit('00080100', 'SH', '1 '))), explicit('00091001', 'OB', bytes(1, 2))),
    ImplicitLittle,
    all(
      implicit('00081140', openSequence(openItem(implicit('00080100', '1 '))), UNDEFINED),
      implicit('00091001', bytes(1, 2)),
    ),
  ],
  [
    'E-3 UN sequences left in implicit VR',
    ExplicitLittle,
    explicit('00091001', 'UN', openSequence(openItem(implicit('00080100', '1 '))), UNDEFINED),
    ExplicitLittle,
    explicit('00091001', 'UN', openSequence(openItem(implicit('00080100', '1 '))), UNDEFINED),
  ],
  [
    'E-3 UN sequences in implicit VR',
    ExplicitLittle,
    explicit('00091001', 'UN', openSequence(openItem(implicit('00080100', '1 '))), UNDEFINED),
    ImplicitLittle,
    implicit('00091001', openSequence(openItem(implicit('00080100', '1 '))), UNDEFINED),
  ],
  [
    'big endian words',
    ExplicitBig,
    all(explicitBig('00280010', 'US', bytes(1, 2)), explicitBig('7FE00010', 'OW', bytes(1, 2, 3, 4))),
    ExplicitLittle,
    all(explicit('00280010', 'US', bytes(2, 1)), explicit('7FE00010', 'OW', bytes(2, 1, 4, 3))),
  ],
  [
    'big endian AT, FL and FD',
    ExplicitBig,
    all(
      explicitBig('00091001', 'AT', bytes(0, 0x10, 0, 0x20)),
      explicitBig('00091002', 'FL', bytes(1, 2, 3, 4)),
      explicitBig('00091003', 'FD', bytes(1, 2, 3, 4, 5, 6, 7, 8)),
    ),
    ExplicitLittle,
    all(
      explicit('00091001', 'AT', bytes(0x10, 0, 0x20, 0)),
      explicit('00091002', 'FL', bytes(4, 3, 2, 1)),
      explicit('00091003', 'FD', bytes(8, 7, 6, 5, 4, 3, 2, 1)),
    ),
  ],
  [
    'big endian bytes and UN untouched',
    ExplicitBig,
    all(explicitBig('00091001', 'OB', bytes(1, 2)), explicitBig('00091002', 'UN', bytes(1, 2))),
    ExplicitLittle,
    all(explicit('00091001', 'OB', bytes(1, 2)), explicit('00091002', 'UN', bytes(1, 2))),
  ],
  [
    'big endian pixels of 32 bits whole',
    ExplicitBig,
    all(explicitBig('00280100', 'US', bytes(0, 32)), explicitBig('7FE00010', 'OW', bytes(1, 2, 3, 4))),
    ExplicitLittle,
    all(explicit('00280100', 'US', bytes(32, 0)), explicit('7FE00010', 'OW', bytes(4, 3, 2, 1))),
  ],
  [
    'big endian to implicit',
    ExplicitBig,
    explicitBig('00280010', 'US', bytes(1, 2)),
    ImplicitLittle,
    implicit('00280010', bytes(2, 1)),
  ],
  [
    'E-14 deflated',
    Deflated,
    deflateRawSync(explicit('00100020', 'LO', 'X ')),
    ExplicitLittle,
    explicit('00100020', 'LO', 'X '),
  ],
  [
    'what is not in the syntax named',
    ExplicitLittle,
    implicit('00100020', 'X '),
    ExplicitLittle,
    explicit('00100020', 'LO', 'X '),
  ],
  [
    'zeros after the data set',
    ImplicitLittle,
    all(implicit('00100020', 'X '), Buffer.alloc(3)),
    ExplicitLittle,
    explicit('00100020', 'LO', 'X '),
  ],
  ['nothing', ImplicitLittle, Buffer.alloc(0), ExplicitLittle, Buffer.alloc(0)],
];

async function inChunks(
  encoded: Buffer,
  size: number,
  fromUid: string,
  toUid: string,
  options: ReencodeOptions = {},
): Promise<Buffer> {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < encoded.length; at += size) yield encoded.subarray(at, at + size);
  }
  const parts: Buffer[] = [];
  for await (const part of reencode(chunks(), fromUid, toUid, options)) parts.push(part);
  return Buffer.concat(parts);
}

for (const [what, fromUid, from, toUid, to] of CASES) {
  test(`NEG-12 re-encodes ${what}`, async () => {
    assert.equal((await convertDataset(from, fromUid, toUid)).toString('hex'), to.toString('hex'));
  });
}

test('chunks may be cut anywhere', async () => {
  for (const [what, fromUid, from, toUid, to] of CASES) {
    for (const size of [1, 2, 3, 5, 7, 13]) {
      const converted = await inChunks(from, size, fromUid, toUid);
      assert.equal(converted.toString('hex'), to.toString('hex'), `${what}, ${size} bytes each`);
    }
  }
});

const EVEN: Case[] = [
  [
    'values, with the pad byte of their VR',
    ExplicitLittle,
    all(explicit('00080018', 'UI', '1.2'), explicit('00100020', 'LO', 'X'), explicit('7FE00010', 'OB', bytes(1))),
    ExplicitLittle,
    all(explicit('00080018', 'UI', '1.2\0'), explicit('00100020', 'LO', 'X '), explicit('7FE00010', 'OB', bytes(1, 0))),
  ],
  ['values in implicit VR', ImplicitLittle, implicit('00100020', 'X'), ImplicitLittle, implicit('00100020', 'X ')],
  [
    'values that change their syntax',
    ImplicitLittle,
    implicit('00100020', 'X'),
    ExplicitLittle,
    explicit('00100020', 'LO', 'X '),
  ],
  [
    'items, in sequences that lose their length',
    ExplicitLittle,
    explicit('00081140', 'SQ', item(explicit('00080100', 'SH', '1'))),
    ExplicitLittle,
    explicit('00081140', 'SQ', openSequence(openItem(explicit('00080100', 'SH', '1 '))), UNDEFINED),
  ],
  [
    'nothing in sequences that are even',
    ExplicitLittle,
    all(explicit('00081140', 'SQ', item(explicit('00080100', 'SH', '1 '))), explicit('00100020', 'LO', 'X')),
    ExplicitLittle,
    all(explicit('00081140', 'SQ', item(explicit('00080100', 'SH', '1 '))), explicit('00100020', 'LO', 'X ')),
  ],
  [
    'what is deep within',
    ExplicitLittle,
    explicit('00081140', 'SQ', item(explicit('00081199', 'SQ', item(explicit('00080100', 'SH', '1'))))),
    ExplicitLittle,
    explicit(
      '00081140',
      'SQ',
      openSequence(
        openItem(explicit('00081199', 'SQ', openSequence(openItem(explicit('00080100', 'SH', '1 '))), UNDEFINED)),
      ),
      UNDEFINED,
    ),
  ],
  [
    'delimited sequences',
    ExplicitLittle,
    explicit('00081140', 'SQ', openSequence(openItem(explicit('00080100', 'SH', '1'))), UNDEFINED),
    ExplicitLittle,
    explicit('00081140', 'SQ', openSequence(openItem(explicit('00080100', 'SH', '1 '))), UNDEFINED),
  ],
  [
    'the longest text, which becomes UN',
    ExplicitLittle,
    explicit('00104000', 'LT', 'x'.repeat(65535)),
    ExplicitLittle,
    explicit('00104000', 'UN', `${'x'.repeat(65535)} `),
  ],
  [
    'fragments',
    JpegBaseline,
    all(
      explicit('7FE00010', 'OB', '', UNDEFINED),
      implicit('FFFEE000', bytes(0, 0, 0, 0)),
      implicit('FFFEE000', bytes(1, 2, 3)),
      implicit('FFFEE0DD'),
    ),
    JpegBaseline,
    all(
      explicit('7FE00010', 'OB', '', UNDEFINED),
      implicit('FFFEE000', bytes(0, 0, 0, 0)),
      implicit('FFFEE000', bytes(1, 2, 3, 0)),
      implicit('FFFEE0DD'),
    ),
  ],
  [
    'fragments, and empties a table of odd offsets',
    JpegBaseline,
    all(
      explicit('7FE00010', 'OB', '', UNDEFINED),
      implicit('FFFEE000', bytes(0, 0, 0, 0, 11, 0, 0, 0)),
      implicit('FFFEE000', bytes(1, 2, 3)),
      implicit('FFFEE000', bytes(4, 5)),
      implicit('FFFEE0DD'),
    ),
    JpegBaseline,
    all(
      explicit('7FE00010', 'OB', '', UNDEFINED),
      implicit('FFFEE000'),
      implicit('FFFEE000', bytes(1, 2, 3, 0)),
      implicit('FFFEE000', bytes(4, 5)),
      implicit('FFFEE0DD'),
    ),
  ],
  ['a deflated stream', Deflated, bytes(3, 0, 0), Deflated, bytes(3, 0, 0, 0)],
];

for (const [what, fromUid, from, toUid, to] of EVEN) {
  test(`PS3.5 7.1.1 makes even ${what}`, async () => {
    for (const size of [1, 7, 1 << 20]) {
      const converted = await inChunks(from, size, fromUid, toUid, { evenLengths: true });
      assert.equal(converted.toString('hex'), to.toString('hex'), `${size} bytes each`);
    }
  });
}

test('odd lengths stay where nobody asks', async () => {
  const encoded = all(explicit('00100020', 'LO', 'X'), explicit('7FE00010', 'OB', bytes(1)));
  assert.deepEqual(await convertDataset(encoded, ExplicitLittle, ExplicitLittle), encoded);
});

test('a group length of any size is dropped without being held', async () => {
  const encoded = all(implicit('00080000', Buffer.alloc(1 << 20)), implicit('00100020', 'X '));
  assert.deepEqual(await convertDataset(encoded, ImplicitLittle, ExplicitLittle), explicit('00100020', 'LO', 'X '));
});

test('a deflated data set passes to its own syntax as it is', async () => {
  const deflated = deflateRawSync(explicit('00100020', 'LO', 'X '), { level: 1 });
  assert.deepEqual(await convertDataset(deflated, Deflated, Deflated), deflated);
});

test('to the deflated syntax, even and inflatable', async () => {
  const encoded = implicit('00100020', 'X ');
  const deflated = await convertDataset(encoded, ImplicitLittle, Deflated);
  assert.equal(deflated.length % 2, 0);
  assert.deepEqual(readDataset(deflated, Deflated), { '00100020': { vr: 'LO', Value: ['X'] } });
});

for (const uid of [ExplicitLittle, ImplicitLittle, ExplicitBig]) {
  test(`${uid} to itself keeps lengths, group lengths and delimiters`, async () => {
    const make = uid === ExplicitBig ? explicitBig : explicit;
    const encoded =
      uid === ImplicitLittle
        ? all(implicit('00080000', bytes(4, 0, 0, 0)), implicit('00081140', all(item(implicit('00080100', '1 ')))))
        : all(make('00080000', 'UL', bytes(4, 0, 0, 0)), make('00280010', 'US', bytes(1, 2)));
    assert.deepEqual(await convertDataset(encoded, uid, uid), encoded);
  });
}

const FRAGMENTS = all(implicit('FFFEE000'), implicit('FFFEE000', bytes(0xff, 0xd8)), implicit('FFFEE0DD'));

test('fragments pass to the same syntax', async () => {
  const encoded = all(explicit('7FE00010', 'OB', FRAGMENTS, UNDEFINED), explicit('FFFAFFFA', 'SQ'));
  assert.deepEqual(await convertDataset(encoded, JpegBaseline, JpegBaseline), encoded);
});

for (const [fromUid, toUid] of [
  [JpegBaseline, ExplicitLittle],
  [ExplicitLittle, JpegBaseline],
  ['1.2.3', ExplicitLittle],
] as const) {
  test(`${fromUid} to ${toUid} is refused before the first byte`, async () => {
    let pulled = false;
    async function* body(): AsyncGenerator<Buffer> {
      pulled = true;
      yield Buffer.alloc(8);
    }
    await assert.rejects(reencode(body(), fromUid, toUid).next(), { kind: 'not-acceptable' });
    assert.equal(pulled, false);
  });
}

for (const [length, vr] of [
  [65534, 'LT'],
  [65536, 'UN'],
] as const) {
  test(`NEG-15 LT of ${length} bytes is ${vr} in explicit VR`, async () => {
    const text = 'x'.repeat(length);
    const converted = await convertDataset(implicit('00104000', text), ImplicitLittle, ExplicitLittle);
    assert.deepEqual(converted, explicit('00104000', vr, text));
  });
}

test('two gigabytes of pixels pass in bounded memory', async () => {
  const chunk = Buffer.alloc(1 << 20, 7);
  const total = 2 ** 31;
  async function* body(): AsyncGenerator<Buffer> {
    yield all(implicit('00280100', bytes(16, 0)), implicit('7FE00010', '', total));
    for (let sent = 0; sent < total; sent += chunk.length) yield chunk;
  }
  let length = 0;
  let largest = 0;
  for await (const part of reencode(body(), ImplicitLittle, ExplicitLittle)) {
    length += part.length;
    largest = Math.max(largest, part.length);
  }
  assert.equal(length, 10 + 12 + total);
  assert.ok(largest <= 2 << 20, `a part of ${largest} bytes`);
});

test('a consumer that stops releases the source', async () => {
  let released = false;
  async function* body(): AsyncGenerator<Buffer> {
    try {
      yield implicit('7FE00010', '', 1 << 30);
      for (;;) yield Buffer.alloc(1 << 16);
    } finally {
      released = true;
    }
  }
  const parts = reencode(body(), ImplicitLittle, ExplicitLittle);
  await parts.next();
  await parts.return();
  assert.ok(released);
});

test('a consumer that stops releases the source of a deflated data set', async () => {
  let released = false;
  const deflated = deflateRawSync(
    explicit('7FE00010', 'OW', Buffer.from(Array.from({ length: 1 << 18 }, (_, index) => (index * 7919) % 251))),
  );
  async function* body(): AsyncGenerator<Buffer> {
    try {
      for (let at = 0; ; at = (at + 100) % deflated.length) yield deflated.subarray(at, at + 100);
    } finally {
      released = true;
    }
  }
  const parts = reencode(body(), Deflated, ExplicitLittle);
  await parts.next();
  await parts.return();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(released);
});

test('an error of the source is the error of the re-encoding', async () => {
  const broken = new DicomError('aborted', 'gone');
  for (const uid of [ImplicitLittle, Deflated]) {
    async function* body(): AsyncGenerator<Buffer> {
      yield implicit('7FE00010', '', 1 << 20);
      throw broken;
    }
    const parts = reencode(body(), uid, ExplicitLittle);
    await assert.rejects(
      async () => {
        for await (const part of parts) assert.ok(part);
      },
      (error) => error === broken || uid === Deflated,
    );
  }
});

test('a deflate bomb is stopped while it inflates', async () => {
  const bomb = deflateRawSync(Buffer.alloc(32 << 20));
  async function* body(): AsyncGenerator<Buffer> {
    yield bomb;
  }
  const drain = async (free: number) => {
    let length = 0;
    for await (const chunk of inflatedChunks(body(), free)) length += chunk.length;
    return length;
  };
  await assert.rejects(drain(1 << 20), { kind: 'too-large' });
  assert.equal(await drain(32 << 20), 32 << 20);
});

test('every head of a data set is incomplete, or ends between two elements', async () => {
  const elements = [
    implicit('00081140', all(item(implicit('00080100', '1 ')))),
    implicit('00081199', openSequence(openItem()), UNDEFINED),
    implicit('7FE00010', bytes(1, 2, 3, 4)),
  ];
  const ends = elements.map((_, index) => all(...elements.slice(0, index)).length);
  const whole = all(...elements);
  for (let length = 1; length < whole.length; length++) {
    if (ends.includes(length)) continue;
    await assert.rejects(
      convertDataset(whole.subarray(0, length), ImplicitLittle, ExplicitLittle),
      isIncomplete,
      `${length} bytes`,
    );
  }
});

test('nesting without end is too large', async () => {
  const open = all(implicit('00081140', '', UNDEFINED), implicit('FFFEE000', '', UNDEFINED));
  await assert.rejects(convertDataset(Buffer.concat(Array(1000).fill(open)), ImplicitLittle, ExplicitLittle), {
    kind: 'too-large',
  });
});

test('an element longer than its item is corrupt', async () => {
  const encoded = all(implicit('00081140', all(item(implicit('00080100', '1 ', 8)), Buffer.alloc(16))));
  await assert.rejects(convertDataset(encoded, ImplicitLittle, ExplicitLittle), { kind: 'corrupt', field: '00080100' });
});
