// Datasets at random, for properties: every VR, values of every shape, sequences in sequences.

import fc from 'fast-check';
import type { Attribute, Dataset, PersonName, Value } from '../../../src/dimse/data/dataset.ts';
import { isVr, VRS, type Vr } from '../../../src/dimse/data/vr.ts';

/** Text without what an encoding takes away or parts by: control characters, padding at its ends, delimiters. */
function text(maxLength: number): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.constantFrom(...'abcXYZ012 .-_'), fc.constantFrom(...'éßłжش王한'));
  return fc
    .string({ unit, minLength: 1, maxLength })
    .map((value) => value.trim())
    .filter((value) => value !== '' && Number.isNaN(Number(value)));
}

function ascii(maxLength: number): fc.Arbitrary<string> {
  return fc.stringMatching(/^[A-Z][A-Z0-9_.]*$/).map((value) => value.slice(0, maxLength));
}

function integers(vr: Vr): fc.Arbitrary<Value> {
  const bits = VRS[vr].size * 8;
  const signed = vr.startsWith('S') || vr === 'IS';
  const min = signed ? -(2 ** (Math.min(bits, 53) - 1)) : 0;
  const max = signed ? 2 ** (Math.min(bits, 53) - 1) - 1 : 2 ** Math.min(bits, 53) - 1;
  return fc.integer({ min: Math.max(min, Number.MIN_SAFE_INTEGER), max: Math.min(max, Number.MAX_SAFE_INTEGER) });
}

const name: fc.Arbitrary<PersonName> = fc
  .record(
    { Alphabetic: text(20), Ideographic: text(20), Phonetic: text(20) },
    { requiredKeys: [], noNullPrototype: true },
  )
  .filter((groups) => Object.keys(groups).length > 0);

const hexTag = fc.integer({ min: 0, max: 0xffffffff }).map((tag) => tag.toString(16).toUpperCase().padStart(8, '0'));

function values(vr: Vr): fc.Arbitrary<Value> {
  const { kind, charset } = VRS[vr];
  if (kind === 'name') return name;
  if (kind === 'tag') return hexTag;
  if (kind === 'big')
    return fc.oneof(integers(vr), fc.constant(vr === 'SV' ? '-9223372036854775808' : '18446744073709551615'));
  if (vr === 'IS') return fc.integer();
  if (vr === 'DS')
    return fc.oneof(
      fc.integer(),
      fc
        .integer({ min: -99999, max: 99999 })
        .map((number) => number / 1024)
        .filter((number) => String(number).length <= 16 && !Object.is(number, -0)),
    );
  if (vr === 'FL') return fc.float({ noNaN: true });
  if (vr === 'FD') return fc.double({ noNaN: true });
  if (kind === 'number') return integers(vr);
  return charset ? text(40) : ascii(16);
}

function attribute(vr: Vr, items: fc.Arbitrary<Dataset>): fc.Arbitrary<Attribute> {
  const { kind, multiple, size } = VRS[vr];
  const empty: fc.Arbitrary<Attribute> = fc.constant({ vr });
  if (kind === 'binary') {
    const words = fc
      .uint8Array({ minLength: 1, maxLength: 8 })
      .map((bytes) => Buffer.concat(Array(size * 2).fill(bytes)));
    return fc.oneof(
      empty,
      words.map((bytes): Attribute => ({ vr, InlineBinary: bytes })),
    );
  }
  const one = kind === 'sequence' ? items : values(vr);
  const nullable = kind === 'text' || kind === 'name' || kind === 'decimal';
  const several = nullable ? fc.oneof({ arbitrary: one, weight: 4 }, { arbitrary: fc.constant(null), weight: 1 }) : one;
  const lists = fc.array(multiple || kind === 'sequence' ? several : one, {
    minLength: 1,
    maxLength: multiple ? 4 : 2,
  });
  const single = multiple || kind === 'sequence' ? lists : one.map((value) => [value]);
  return fc.oneof(
    empty,
    single
      .filter((list) => list.length > 1 || list[0] !== null)
      .map((list): Attribute => ({ vr, Value: list as Value[] })),
  );
}

const vrs = Object.keys(VRS).filter(isVr);

/** Tags of a private block, so that any VR goes with any tag in explicit VR, and no keyword or charset interferes. */
const tag = fc.integer({ min: 0x1000, max: 0x10ff }).map((element) => `0009${element.toString(16).toUpperCase()}`);

function datasetsOf(depth: number): fc.Arbitrary<Dataset> {
  const items = depth === 0 ? fc.constant<Dataset>({}) : datasetsOf(depth - 1);
  const attributes = fc.constantFrom(...vrs).chain((vr) => attribute(vr, items));
  return fc.dictionary(tag, attributes, { maxKeys: 6, noNullPrototype: true });
}

/** A Dataset of up to 6 attributes with sequences up to three deep. */
export const datasets: fc.Arbitrary<Dataset> = datasetsOf(2);
