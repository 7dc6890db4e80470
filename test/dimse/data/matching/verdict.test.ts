// Matching as PS3.4 C.2.2.2 says: key, stored value, verdict.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMatch } from '../../../../src/bridge/search/query/key.ts';
import type { Attribute, Value } from '../../../../src/dimse/data/dataset.ts';
import type { Key } from '../../../../src/dimse/data/matching/match.ts';
import {
  fits,
  hasValue,
  type Verdict,
  verdictOn,
  verdictOnMoment,
} from '../../../../src/dimse/data/matching/verdict.ts';
import type { Vr } from '../../../../src/dimse/data/vr.ts';

type Row = [rule: string, vr: Vr, key: string, stored: Value[], verdict: Verdict];

const options = { emptyValue: true, multipleValue: false };
const name = (Alphabetic: string, Ideographic = '', Phonetic = '') => ({ Alphabetic, Ideographic, Phonetic });

const ROWS: Row[] = [
  ['Q-M1 single value is exact', 'LO', 'HEAD', ['HEAD'], 'match'],
  ['Q-M1 single value is the whole value', 'LO', 'HEAD', ['HEADER'], 'mismatch'],
  ['Q-M1 case matters', 'LO', 'head', ['HEAD'], 'mismatch'],
  ['Q-M1 padding does not matter', 'LO', 'HEAD ', [' HEAD'], 'match'],
  ['Q-M1 case of names does not matter', 'PN', 'doe^john', [name('DOE^JOHN')], 'match'],
  ['Q-M1 names end where their components end', 'PN', 'DOE^JOHN', [name('Doe^John^^^')], 'match'],
  ['Q-M1 a name without a component is another', 'PN', 'DOE', [name('DOE^JOHN')], 'mismatch'],
  ['Q-M3 times match by meaning', 'TM', '2230', ['223000.000'], 'match'],
  ['Q-M3 another time', 'TM', '2230', ['223001'], 'mismatch'],
  ['Q-M3 old separators of stored values', 'DA', '20240229', ['2024.02.29'], 'match'],
  ['Q-M3 offsets are normalised', 'DT', '20240101120000+0000', ['20240101130000+0100'], 'match'],
  ['Q-M5 numbers match by number', 'IS', '+7', ['007'], 'match'],
  ['Q-M5 decimals match by number', 'DS', '1.50', [1.5], 'match'],
  ['Q-M6 any UID of a list', 'UI', '1.2,1.3', ['1.3'], 'match'],
  ['Q-M6 no UID of a list', 'UI', '1.2,1.3', ['1.30'], 'mismatch'],
  ['Q-M7 universal', 'LO', '', ['X'], 'match'],
  ['Q-M8 * is any run', 'LO', 'HE*D', ['HEAD'], 'match'],
  ['Q-M8 * is the empty run too', 'LO', 'HEAD*', ['HEAD'], 'match'],
  ['Q-M8 ? is one character', 'LO', 'HE?D', ['HED'], 'mismatch'],
  ['Q-M8 ? is one character outside the BMP', 'LO', 'A?', ['A𠮷'], 'match'],
  ['Q-M8 * alone is universal', 'LO', '*', ['X'], 'match'],
  ['Q-M8 wildcards keep case', 'CS', 'C*', ['ct'], 'mismatch'],
  ['Q-M8 wildcards of names do not', 'PN', 'd*', [name('DOE^JOHN')], 'match'],
  ['Q-M8 a component that is not written out', 'PN', 'DOE^*', [name('DOE')], 'match'],
  ['Q-M9 both ends of a range are within', 'DA', '20240101-20240102', ['20240102'], 'match'],
  ['Q-M9 before a range', 'DA', '20240101-', ['20231231'], 'mismatch'],
  ['Q-M9 up to and including', 'DA', '-20240101', ['20240101'], 'match'],
  ['Q-M9 an end covers its whole unit', 'TM', '10-12', ['125959.999'], 'match'],
  ['Q-M9 after the unit', 'TM', '10-12', ['130000'], 'mismatch'],
  ['Q-M10 a range with offsets', 'DT', '20200101-0500-20200102-0500', ['20200102120000-0500'], 'match'],
  ['Q-M14 any of several values', 'CS', 'PT', ['CT', 'PT'], 'match'],
  ['Q-M15 empty value: absent', 'LO', '""', [], 'match'],
  ['Q-M15 empty value: null', 'LO', '""', [null], 'match'],
  ['Q-M15 empty value: there is one', 'LO', '""', ['X'], 'mismatch'],
  ['Q-M18 no value is unknown', 'LO', 'X', [], 'unknown'],
  ['Q-M18 an empty value is unknown', 'LO', 'X', [''], 'unknown'],
  ['Q-M20 any group of a name', 'PN', '山田*', [name('Yamada^Tarou', '山田^太郎')], 'match'],
  ['Q-M20 group by group', 'PN', 'Yamada*=山田*', [name('Yamada^Tarou', '山田^太郎')], 'match'],
  ['Q-M20 a group that differs', 'PN', 'Yamada*=鈴木*', [name('Yamada^Tarou', '山田^太郎')], 'mismatch'],
  ['Q-D13 what could not be decoded may match', 'LO', 'Müller', ['M\uFFFDller'], 'match'],
];

for (const [rule, vr, text, stored, verdict] of ROWS) {
  test(`${rule}: ${vr} ${text} on ${JSON.stringify(stored)}`, () => {
    const key: Key = { tag: '00000000', vr, match: parseMatch(vr, text, 'key', options) };
    const attribute: Attribute = stored.length === 0 ? { vr } : { vr, Value: stored };
    assert.equal(verdictOn(key, attribute), verdict);
  });
}

const sequence = (key: Record<string, string>): Key => ({
  tag: '00400275',
  vr: 'SQ',
  match: {
    kind: 'item',
    keys: Object.entries(key).map(([tag, text]): Key => ({ tag, vr: 'SH', match: { kind: 'values', values: [text] } })),
  },
});
const items = (...all: Record<string, string>[]): Attribute => ({
  vr: 'SQ',
  Value: all.map((item) =>
    Object.fromEntries(
      Object.entries(item).map(([tag, text]): [string, Attribute] => [tag, { vr: 'SH', Value: [text] }]),
    ),
  ),
});

test('Q-M13 all keys of an item hold within one item', () => {
  const key = sequence({ '00400009': 'A', '00401001': 'B' });
  assert.equal(
    verdictOn(key, items({ '00400009': 'A', '00401001': 'X' }, { '00400009': 'A', '00401001': 'B' })),
    'match',
  );
  assert.equal(
    verdictOn(key, items({ '00400009': 'A', '00401001': 'X' }, { '00400009': 'X', '00401001': 'B' })),
    'mismatch',
  );
});

test('Q-M13 Q-M18 an item without the attribute is unknown', () => {
  assert.equal(verdictOn(sequence({ '00400009': 'A' }), items({})), 'unknown');
});

test('Q-M16 every value must be there, others may', () => {
  const match = parseMatch('CS', 'CT,PT', 'key', { emptyValue: false, multipleValue: true });
  const key: Key = { tag: '00080061', vr: 'CS', match };
  assert.equal(verdictOn(key, { vr: 'CS', Value: ['PT', 'SR', 'CT'] }), 'match');
  assert.equal(verdictOn(key, { vr: 'CS', Value: ['PT'] }), 'mismatch');
});

const interval = {
  date: '00080020',
  time: '00080030',
  from: { date: '20060705', time: '1000' },
  to: { date: '20060707', time: '1800' },
};
const MOMENTS: [date: string, time: string, verdict: Verdict][] = [
  ['20060705', '095959', 'mismatch'],
  ['20060705', '100000', 'match'],
  ['20060706', '030000', 'match'],
  ['20060707', '180059', 'match'],
  ['20060707', '180100', 'mismatch'],
  ['20060705', '', 'match'],
  ['20060708', '', 'mismatch'],
  ['', '120000', 'unknown'],
];
for (const [date, time, verdict] of MOMENTS) {
  test(`Q-M12 one interval of date and time: ${date || 'no date'} ${time || 'no time'} is a ${verdict}`, () => {
    const entity = {
      '00080020': { vr: 'DA' as const, Value: [date] },
      '00080030': { vr: 'TM' as const, Value: [time] },
    };
    assert.equal(verdictOnMoment(interval, entity), verdict);
  });
}

test('wildcards match in linear time', () => {
  const started = process.cpuUsage().user;
  assert.equal(fits('*a'.repeat(2000), `${'a'.repeat(4000)}b`), false);
  assert.ok(process.cpuUsage(undefined).user - started < 5_000_000);
});

test('a value is what is neither absent, null nor empty', () => {
  assert.equal(hasValue({ vr: 'LO', Value: [null, ''] }), false);
  assert.equal(hasValue({ vr: 'IS', Value: [0] }), true);
  assert.equal(hasValue({ vr: 'OB', InlineBinary: Buffer.alloc(0) }), false);
});
