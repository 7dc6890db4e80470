// The matching rules of PS3.4 C.2.2.2 as a table: key, value, whether they match.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributes, personName } from '../../src/demo/attributes.ts';
import { matches } from '../../src/demo/match.ts';
import type { Value } from '../../src/dimse/data/dataset.ts';
import type { Vr } from '../../src/dimse/data/vr.ts';

type Row = [rule: string, vr: Vr, key: string | string[], value: string | string[] | undefined, expected: boolean];

const ROWS: Row[] = [
  ['Q-M1 single value is exact', 'LO', 'ABC', 'ABC', true],
  ['Q-M1 single value is case-sensitive', 'LO', 'abc', 'ABC', false],
  ['Q-M1 padding is not significant', 'SH', ' ABC ', 'ABC', true],
  ['Q-M1 a prefix is not enough', 'LO', 'AB', 'ABC', false],
  ['Q-M1 PN ignores case', 'PN', 'grünwald^änne', 'Grünwald^Änne', true],
  ['Q-M1 PN ignores trailing delimiters', 'PN', 'Doe^Jane^^', 'Doe^Jane', true],
  ['Q-M5 IS by number', 'IS', '07', '7', true],
  ['Q-M5 IS of another number', 'IS', '8', '7', false],
  ['Q-M6 a UID of the list', 'UI', ['1.2', '1.3'], '1.3', true],
  ['Q-M6 no UID of the list', 'UI', ['1.2', '1.3'], '1.4', false],
  ['Q-M7 zero length matches a value', 'LO', [], 'x', true],
  ['Q-M7 zero length matches absence', 'LO', [], undefined, true],
  ['Q-M8 * for a run', 'LO', 'A*C', 'ABBC', true],
  ['Q-M8 * for nothing', 'LO', 'A*C', 'AC', true],
  ['Q-M8 ? for one character', 'LO', 'A?C', 'ABC', true],
  ['Q-M8 ? not for none', 'LO', 'A?C', 'AC', false],
  ['Q-M8 ? for one character beyond the basic plane', 'LO', 'a?c', 'a😀c', true],
  ['Q-M8 wildcards are case-sensitive', 'LO', 'a*', 'ABC', false],
  ['Q-M8 PN wildcards are not', 'PN', 'doe*', 'DOE^JANE', true],
  ['Q-M8 other signs are no wildcards', 'LO', 'A.C', 'ABC', false],
  ['Q-M8 a pattern that looks like a regular expression', 'LO', '(A|B)*', '(A|B)C', true],
  ['Q-M8 not for UI', 'UI', '1.2*', '1.2.3', false],
  ['Q-M3 TM by meaning', 'TM', '2230', '223000', true],
  ['Q-M3 TM with a fraction', 'TM', '223000', '223000.000', true],
  ['Q-M3 TM of another minute', 'TM', '2231', '223000', false],
  ['Q-M3 DA in the old spelling', 'DA', '20240311', '2024.03.11', true],
  ['Q-M9 DA inside a range', 'DA', '20240301-20240331', '20240311', true],
  ['Q-M9 DA at the first day', 'DA', '20240311-20240331', '20240311', true],
  ['Q-M9 DA at the last day', 'DA', '20240301-20240311', '20240311', true],
  ['Q-M9 DA after the range', 'DA', '20240301-20240310', '20240311', false],
  ['Q-M9 DA up to', 'DA', '-20240311', '20240311', true],
  ['Q-M9 DA up to, later', 'DA', '-20240310', '20240311', false],
  ['Q-M9 DA from', 'DA', '20240311-', '20240311', true],
  ['Q-M9 DA from, earlier', 'DA', '20240312-', '20240311', false],
  ['Q-M9 TM range, last minute counts whole', 'TM', '1000-1800', '180059.5', true],
  ['Q-M9 TM after the range', 'TM', '1000-1800', '180100', false],
  ['Q-M9 a lone hyphen is no range', 'DA', '-', '20240311', false],
  ['Q-M10 DT range of negative offsets', 'DT', '20200101-0500-20200102-0500', '20200101120000-0500', true],
  ['Q-M10 DT before that range', 'DT', '20200101-0500-20200102-0500', '20200101040000+0000', false],
  ['Q-M3 DT in another zone', 'DT', '20200101120000+0000', '20200101130000+0100', true],
  ['Q-M14 any value of the entity', 'CS', 'MR', ['CT', 'MR'], true],
  ['Q-M15 two quotation marks match absence', 'LO', '""', undefined, true],
  ['Q-M15 two quotation marks do not match a value', 'LO', '""', 'x', false],
  ['Q-M20 a key without = in any group', 'PN', '山田*', 'Yamada^Tarou=山田^太郎', true],
  ['Q-M20 a key with groups, each in its own', 'PN', 'Yamada*=山田*', 'Yamada^Tarou=山田^太郎', true],
  ['Q-M20 a key with groups, one wrong', 'PN', 'Yamada*=鈴木*', 'Yamada^Tarou=山田^太郎', false],
  ['a value that should be there and is not', 'LO', 'x', undefined, false],
];

for (const [rule, vr, key, value, expected] of ROWS) {
  test(`${rule}: ${vr} ${JSON.stringify(key)} ${expected ? 'matches' : 'does not match'} ${JSON.stringify(value)}`, () => {
    const entity = value === undefined ? undefined : { vr, Value: valuesOf(vr, value) };
    assert.equal(matches({ vr, Value: valuesOf(vr, key) }, entity), expected);
  });
}

function valuesOf(vr: Vr, values: string | string[]): Value[] {
  return [values].flat().map((text) => (vr === 'PN' ? personName(text) : text));
}

const requests = [
  attributes({ ScheduledProcedureStepID: 'S1', RequestedProcedureID: 'R1' }),
  attributes({ ScheduledProcedureStepID: 'S2', RequestedProcedureID: 'R2' }),
];

for (const [step, procedure, expected] of [
  ['S2', 'R2', true],
  ['S1', 'R2', false],
  ['', '', true],
] as const) {
  test(`Q-M13 keys of one item match within one item: ${step} ${procedure}`, () => {
    const item = attributes({ ScheduledProcedureStepID: step || null, RequestedProcedureID: procedure || null });
    assert.equal(matches({ vr: 'SQ', Value: [item] }, { vr: 'SQ', Value: requests }), expected);
  });
}
