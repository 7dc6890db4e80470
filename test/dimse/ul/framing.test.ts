import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fragment, Framing, type Incoming } from '../../../src/dimse/ul/framing.ts';
import { hex } from '../hex.ts';

const frame = (bytes: Buffer, limits = { maximumLength: 0 }): Incoming[] => [...new Framing(limits).push(bytes)];

/** A P-DATA-TF whose PDU-length is `length`, with one PDV. */
function pData(length: number): Buffer {
  const bytes = Buffer.alloc(6 + length);
  bytes.writeUInt8(4, 0);
  bytes.writeUInt32BE(length, 2);
  bytes.writeUInt32BE(length - 4, 6);
  bytes.writeUInt8(1, 10);
  return bytes;
}

test('UL-20 the maximum length bounds the PDU-length field, without the six bytes before it (T-61)', () => {
  assert.equal(frame(pData(100), { maximumLength: 100 }).length, 1);
  assert.throws(() => frame(pData(102), { maximumLength: 100 }), { kind: 'protocol', field: 'PDU-length' });
});

test('UL-20 a maximum length of 0 is no limit (T-60)', () => {
  const [fragment] = frame(pData(1 << 20));
  assert.equal(fragment?.type === 'fragment' && fragment.data.length, (1 << 20) - 6);
});

test('UL-8 the length of a control PDU is refused before anything is allocated for it', () => {
  assert.throws(() => frame(hex('01 00 FFFFFFFF')), { kind: 'protocol', field: 'PDU-length' });
  assert.throws(() => frame(hex('01 00 00100001')), { kind: 'protocol', field: 'PDU-length' });
  assert.deepEqual(frame(hex('01 00 00100000')), []);
});

for (const code of ['00', '08', 'FF']) {
  test(`UL-8 a PDU of the unknown type ${code} is told by its header, whatever its length`, () => {
    const [incoming] = frame(hex(`${code} 00 FFFFFFFF`));
    assert.deepEqual(incoming, { type: 'unknown', code: Number.parseInt(code, 16), bytes: Buffer.alloc(0) });
  });
}

test('fragments are views of the bytes that came, never copies', () => {
  const bytes = pData(64);
  const [fragment] = frame(bytes) as Fragment[];
  assert.equal(fragment?.data.buffer, bytes.buffer);
});

test('a fragment in several chunks comes in as many pieces, the last one marked', () => {
  const framing = new Framing({ maximumLength: 0 });
  const bytes = hex('04 00 0000000A  00000006  05 02  01020304');
  const pieces = [bytes.subarray(0, 13), bytes.subarray(13, 15), bytes.subarray(15)].flatMap((chunk) => [
    ...framing.push(chunk),
  ]);
  const piece = (data: number[], last: boolean) => {
    return { type: 'fragment', contextId: 5, command: false, last, data: Buffer.from(data) };
  };
  assert.deepEqual(pieces, [piece([1], false), piece([2, 3], false), piece([4], true)]);
});

test('UL-24 bits 2 to 7 of the message control header are not tested', () => {
  const [fragment] = frame(hex('04 00 00000008  00000004  01 FF  0102')) as Fragment[];
  assert.equal(fragment?.command && fragment.last, true);
});

test('UL-25 an empty PDV is accepted', () => {
  const [fragment] = frame(hex('04 00 00000006  00000002  01 02')) as Fragment[];
  assert.deepEqual([fragment?.last, fragment?.data.length], [true, 0]);
});

test('a P-DATA-TF without PDVs is nothing', () => {
  assert.deepEqual(frame(hex('04 00 00000000  05 00 00000004 00000000')), [{ type: 'release-rq' }]);
});

for (const [what, bytes] of [
  ['is longer than its PDU', '04 00 00000008  00000005  01 00  010203'],
  ['has no room for its header', '04 00 00000005  00000001  01 00'],
  ['leaves a rest that is no PDV', '04 00 0000000D  00000004  01 00  0102 0000000000'],
] as const) {
  test(`a PDV that ${what} is an invalid parameter value`, () => {
    const begin = () => new Framing({ maximumLength: 0 }).push(hex(bytes)).next();
    assert.throws(begin, { kind: 'protocol', abort: { source: 2, reason: 6 } });
  });
}

function pdusIn(...chunks: Buffer[]): Incoming[] {
  const framing = new Framing({ maximumLength: 0 });
  const pdus = chunks.flatMap((chunk) => [...framing.push(chunk)]);
  framing.end();
  return pdus;
}

test('a stream that ends inside a PDU is broken, one that ends between PDUs is not', () => {
  const whole = hex('05 00 00000004 00000000');
  assert.equal(pdusIn(whole, whole).length, 2);
  for (const cut of [1, 6, 9]) {
    assert.throws(() => pdusIn(whole, whole.subarray(0, cut)), { kind: 'aborted' });
  }
});
