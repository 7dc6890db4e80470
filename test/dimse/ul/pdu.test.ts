import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DicomError } from '../../../src/dimse/errors.ts';
import { Framing, type Incoming } from '../../../src/dimse/ul/framing.ts';
import { decodePdu, encodePdu, type Pdu } from '../../../src/dimse/ul/pdu.ts';
import { hex } from '../hex.ts';
import { PDU_FIXTURES } from './pdu-fixtures.ts';

/** Feeds chunks; P-DATA comes in pieces, which are joined per PDV so that every way to cut gives the same. */
function framed(chunks: readonly Buffer[]): { pdus: unknown[]; whole: boolean } {
  const framing = new Framing({ maximumLength: 0 });
  const pdus: unknown[] = [];
  let open: { contextId: number; command: boolean; data: Buffer } | undefined;
  for (const chunk of chunks) {
    for (const incoming of framing.push(chunk)) {
      if (incoming.type !== 'fragment') {
        pdus.push(incoming);
        continue;
      }
      const { contextId, command, last, data } = incoming;
      if (open?.contextId === contextId && open.command === command) open.data = Buffer.concat([open.data, data]);
      else pdus.push((open = { contextId, command, data }));
      if (last) open = undefined;
    }
  }
  return { pdus, whole: framing.atBoundary };
}

const asFramed = (value: Pdu): unknown[] =>
  value.type === 'p-data-tf'
    ? value.values.map(({ contextId, control, fragment }) => ({
        contextId,
        command: (control & 1) === 1,
        data: fragment,
      }))
    : [value];

/** What the parser makes of bytes must be a value or a DicomError, whatever they are. */
function tolerated(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof DicomError, `threw ${String(error)}`);
    assert.equal(error.kind, 'protocol');
  }
}

/** PS3.8 9.3 and Annex D, PS3.7 D.3.3: every PDU, item and sub-item, by type. */
const TYPES = [
  ...['associate-rq', 'associate-ac', 'associate-rj', 'p-data-tf', 'release-rq', 'release-rp', 'abort'],
  ...['application-context', 'presentation-context', 'presentation-context-result', 'user-information'],
  ...['abstract-syntax', 'transfer-syntax'],
  ...['maximum-length', 'implementation-class-uid', 'asynchronous-operations-window', 'role-selection'],
  ...['implementation-version-name', 'extended-negotiation', 'common-extended-negotiation', 'user-identity'],
  'user-identity-response',
];

test('every PDU, item and sub-item of the standard stands in a fixture', () => {
  const found = new Set(JSON.stringify(PDU_FIXTURES.map(({ value }) => value)).match(/(?<="type":")[^"]+/g));
  found.delete('unknown');
  // Buffers say their type too.
  found.delete('Buffer');
  assert.deepEqual([...found].sort(), TYPES.toSorted());
});

for (const { name, bytes, value } of PDU_FIXTURES) {
  describe(name, () => {
    test('decodes', () => assert.deepEqual(decodePdu(bytes), value));

    test('encodes', () => assert.deepEqual(encodePdu(value), bytes));

    test('encodes again what was decoded', () => assert.deepEqual(encodePdu(decodePdu(bytes)), bytes));

    test('decodes when cut at every offset, and byte by byte', () => {
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        assert.deepEqual(framed([bytes.subarray(0, cut), bytes.subarray(cut)]), { pdus: asFramed(value), whole: true });
      }
      const single = Array.from(bytes, (byte) => Buffer.from([byte]));
      assert.deepEqual(framed(single), { pdus: asFramed(value), whole: true });
    });

    test('is incomplete at every truncation', () => {
      for (let length = 1; length < bytes.length; length += 1) {
        const { pdus, whole } = framed([bytes.subarray(0, length)]);
        assert.equal(whole, false, `at ${length} bytes`);
        if (value.type !== 'p-data-tf') assert.deepEqual(pdus, []);
      }
    });

    test('with any one byte changed decodes or throws DicomError', () => {
      for (let at = 0; at < bytes.length; at += 1) {
        for (const mask of [0x01, 0x80, 0xff]) {
          const changed = Buffer.from(bytes);
          changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
          tolerated(() => decodePdu(changed));
          tolerated(() => framed([changed]));
        }
      }
    });
  });
}

test('UL-7 reserved bytes are not tested: FF where 00 belongs, as DCMTK 3.6.0 sends', () => {
  const release = hex('05 FF 00000004  FFFFFFFF');
  assert.deepEqual(decodePdu(release), { type: 'release-rq' });
  const context = hex(`
    02 FF 00000061  0001 FFFF "A               " "B               "
    FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF
    21 FF 0019  01 FF 00 FF  40 FF 0011 "1.2.840.10008.1.2"
  `);
  assert.deepEqual(decodePdu(context), {
    type: 'associate-ac',
    protocolVersion: 1,
    calledAeTitle: 'A',
    callingAeTitle: 'B',
    items: [
      {
        type: 'presentation-context-result',
        id: 1,
        result: 0,
        syntaxes: [{ type: 'transfer-syntax', uid: '1.2.840.10008.1.2' }],
      },
    ],
  });
});

test('UL-22 UIDs are written without padding (T-66), and read with it', () => {
  const padded = hex('10 00 0006 "1.2.3" 00');
  const rq = Buffer.concat([hex('01 00 0000004E 0001 0000'), Buffer.alloc(64, 0x20), padded]);
  const value = decodePdu(rq);
  assert.deepEqual(value.type === 'associate-rq' && value.items, [{ type: 'application-context', uid: '1.2.3' }]);
  assert.deepEqual(encodePdu(value).subarray(74), hex('10 00 0005 "1.2.3"'));
});

test('UL-23 spaces around an AE title are not significant, those inside are', () => {
  const rq = Buffer.concat([hex('01 00 00000044 0001 0000 "  MY AE         " "B               "'), Buffer.alloc(32)]);
  const value = decodePdu(rq);
  assert.equal(value.type === 'associate-rq' && value.calledAeTitle, 'MY AE');
});

test('an error names the field', () => {
  const short = hex('03 00 00000002  00 01');
  assert.throws(
    () => decodePdu(short),
    (error: unknown) => error instanceof DicomError && error.kind === 'protocol' && error.field === 'source',
  );
});

test('an item whose length goes beyond its PDU is refused', () => {
  const beyond = Buffer.concat([hex('01 00 00000048 0001 0000'), Buffer.alloc(64, 0x20), hex('10 00 FFFF')]);
  assert.throws(() => decodePdu(beyond), { name: 'DicomError', kind: 'protocol' });
});

test('a PDU type that nobody defined is the variant unknown, at its header', () => {
  const unknown: Incoming[] = [...new Framing({ maximumLength: 0 }).push(hex('2A 00 00000003'))];
  assert.deepEqual(unknown, [{ type: 'unknown', code: 0x2a, bytes: Buffer.alloc(0) }]);
});
