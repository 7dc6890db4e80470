// The query part of a search: what is taken as what, and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceLevel } from '../../../../src/bridge/resource.ts';
import { identifierOf } from '../../../../src/bridge/search/query/key.ts';
import { parseQuery, type SearchRequest } from '../../../../src/bridge/search/query/query.ts';
import type { Dataset } from '../../../../src/dimse/data/dataset.ts';
import { DicomError } from '../../../../src/dimse/errors.ts';

const ask = (level: ResourceLevel, ...parameters: [string, string][]) => parseQuery({ level, parameters });
const sent = (level: ResourceLevel, ...parameters: [string, string][]): Dataset =>
  identifierOf(ask(level, ...parameters).keys[level]);

const IDENTIFIERS: [rule: string, ResourceLevel, [string, string][], Dataset][] = [
  ['COM-13 a keyword', 'study', [['PatientID', 'A']], { '00100020': { vr: 'LO', Value: ['A'] } }],
  ['COM-14 a tag in lower case', 'study', [['0020000d', '1.2']], { '0020000D': { vr: 'UI', Value: ['1.2'] } }],
  [
    'COM-13 Q-M13 paths through one sequence share its item',
    'series',
    [
      ['RequestAttributesSequence.00400009', 'A'],
      ['00400275.RequestedProcedureID', 'B'],
    ],
    {
      '00400275': {
        vr: 'SQ',
        Value: [{ '00400009': { vr: 'SH', Value: ['A'] }, '00401001': { vr: 'SH', Value: ['B'] } }],
      },
    },
  ],
  ['Q-P4 Q-M7 an empty value is universal', 'study', [['StudyDate', '']], { '00080020': { vr: 'DA' } }],
  ['Q-M8 * alone is universal', 'study', [['PatientName', '**']], { '00100010': { vr: 'PN' } }],
  [
    'PS3.5 6.2.1 names have groups',
    'study',
    [['PatientName', 'Yamada*=山田*']],
    { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada*', Ideographic: '山田*' }] } },
  ],
  [
    'Q-M9 a range goes as it came',
    'study',
    [['StudyDate', '20240101-']],
    { '00080020': { vr: 'DA', Value: ['20240101-'] } },
  ],
  ['Q-P6 includefield asks', 'study', [['includefield', 'StudyDescription']], { '00081030': { vr: 'LO' } }],
  [
    'Q-P6 includefield comes several times, and with spaces in its list',
    'study',
    [
      ['includefield', '00081030, PatientAge'],
      ['includefield', 'PatientSize'],
    ],
    { '00081030': { vr: 'LO' }, '00101010': { vr: 'AS' }, '00101020': { vr: 'DS' } },
  ],
  [
    'Q-P3 a private attribute with its creator',
    'study',
    [
      ['00230010', 'Acme'],
      ['00231001', 'x'],
    ],
    { '00230010': { vr: 'LO', Value: ['Acme'] }, '00231001': { vr: 'UN', InlineBinary: Buffer.from('x') } },
  ],
  ['COM-4 names keep their case', 'study', [['includeField', 'StudyDescription']], {}],
  ['T-5 COM-5 an unknown parameter is ignored', 'study', [['_nocache', '1']], {}],
  ['Q-M21 InstanceAvailability is never sent', 'study', [['InstanceAvailability', 'ONLINE']], {}],
  ['T-32 an attribute of a lower level is not asked', 'study', [['includefield', 'SeriesDescription']], {}],
];

for (const [rule, level, parameters, identifier] of IDENTIFIERS) {
  test(rule, () => assert.deepEqual(sent(level, ...parameters), identifier));
}

const REFUSED: [rule: string, [string, string][], message: RegExp][] = [
  ['an unknown keyword', [['PatientNam', 'A']], /PatientNam is no attribute/],
  ['an unknown tag', [['00081039', 'A']], /00081039 is no attribute/],
  ['an unknown attribute in a path', [['PatientName.', 'A']], /no attribute/],
  ['COM-13 a keyword in another case', [['PatientId', 'A']], /no attribute/],
  ['COM-13 a path through what is no sequence', [['PatientName.PatientID', 'A']], /no sequence/],
  ['a command element', [['00000002', '1.2']], /searched for/],
  ['a file meta element', [['TransferSyntaxUID', '1.2']], /searched for/],
  ['a group length', [['00080000', '1']], /searched for/],
  [
    'Q-P1 an attribute twice',
    [
      ['PatientID', 'A'],
      ['PatientID', 'B'],
    ],
    /more than once/,
  ],
  [
    'Q-P1 an attribute twice by other names',
    [
      ['PatientID', 'A'],
      ['00100020', 'B'],
    ],
    /more than once/,
  ],
  ['Q-P3 a private attribute alone', [['00231001', 'A']], /creator/],
  ['Q-P3 a private includefield alone', [['includefield', '00231001']], /creator/],
  ['Q-P6 all beside others', [['includefield', 'all,StudyDate']], /all/],
  [
    'Q-P6 all twice',
    [
      ['includefield', 'all'],
      ['includefield', 'all'],
    ],
    /all/,
  ],
  ['Q-P6 what is no attribute', [['includefield', 'everything']], /no attribute/],
  ['Q-P7 a limit that is no number', [['limit', 'x']], /limit/],
  ['Q-P7 a negative limit', [['limit', '-1']], /limit/],
  ['Q-P7 a limit in exponents', [['limit', '1e3']], /limit/],
  ['Q-P7 an empty offset', [['offset', '']], /offset/],
  [
    'Q-P7 two limits',
    [
      ['limit', '1'],
      ['limit', '2'],
    ],
    /more than once/,
  ],
  ['Q-P5 fuzzymatching that is neither', [['fuzzymatching', 'TRUE']], /true or false/],
  ['Q-P11 emptyvaluematching that is neither', [['emptyvaluematching', '1']], /true or false/],
  ['Q-P12 multiplevaluematching that is neither', [['multiplevaluematching', '']], /true or false/],
  ['Q-P14 a time zone that is none', [['TimezoneOffsetFromUTC', 'CET']], /offset/],
  ['Q-D22 T-42 a wildcard in a UID', [['StudyInstanceUID', '1.2.*']], /UID/],
  ['Q-D22 T-42 a wildcard in a date', [['StudyDate', '2024*']], /wildcard/],
  ['Q-D22 * alone in a date', [['StudyDate', '*']], /wildcard/],
  ['T-42 a range of UIDs', [['StudyInstanceUID', '1.2-1.3']], /UID/],
  ['Q-M5 a decimal longer than its VR', [['PatientWeight', '1.0000000000000001']], /number/],
  ['a list with a hole', [['StudyInstanceUID', '1.2,,1.3']], /empty value/],
  ['a date that is none', [['StudyDate', '20240230']], /YYYYMMDD/],
  ['a date of ISO 8601', [['StudyDate', '2024-01-01']], /YYYYMMDD/],
  ['a date with dots', [['StudyDate', '2024.01.01']], /YYYYMMDD/],
  ['a range without ends', [['StudyDate', '-']], /YYYYMMDD/],
  ['a time that is none', [['StudyTime', '2500']], /HHMMSS/],
  ['a time with colons', [['StudyTime', '10:00']], /HHMMSS/],
  ['an integer that is none', [['NumberOfStudyRelatedSeries', '1.5']], /integer/],
  ['an integer too large', [['NumberOfStudyRelatedSeries', '3000000000']], /integer/],
  ['a decimal that is none', [['PatientWeight', '0x10']], /number/],
  ['an age that is none', [['PatientAge', '18']], /age/],
  ['a sequence with a value', [['ReferencedStudySequence', 'A']], /sequence/],
  ['control characters', [['PatientID', 'A\u0000B']], /control/],
  [
    'Q-M16 wildcards among several values',
    [
      ['ModalitiesInStudy', 'C*,PT'],
      ['multiplevaluematching', 'true'],
    ],
    /wildcards/,
  ],
];

for (const [rule, parameters, message] of REFUSED) {
  test(`${rule} is malformed`, () => {
    assert.throws(
      () => ask('study', ...parameters),
      (error) => error instanceof DicomError && error.kind === 'malformed' && message.test(error.message),
    );
  });
}

test('messages name the parameter and never its value', () => {
  const parameters: [string, string][] = [['StudyInstanceUID', 'SECRET']];
  assert.throws(
    () => ask('study', ...parameters),
    (error) => error instanceof Error && !error.message.includes('SECRET'),
  );
});

test('a UID in the path that is none is malformed', () => {
  const request: SearchRequest = { level: 'series', study: '1.2.x', parameters: [] };
  assert.throws(() => parseQuery(request), { kind: 'malformed' });
});

test('a UID that breaks PS3.5 9.1 in its components can be searched for', () => {
  const long = `1.${'2'.repeat(80)}.003`;
  assert.deepEqual(sent('study', ['StudyInstanceUID', long])['0020000D']?.Value, [long]);
});

test('1.3 an attribute below the resource is ignored, with a warning', () => {
  const query = ask('study', ['SliceThickness', '1']);
  assert.deepEqual(query.warnings, ['SliceThickness is no study attribute: it was not matched.']);
});

test('Q-P5 fuzzymatching is false unless asked for', () => {
  assert.equal(ask('study', ['fuzzymatching', 'true']).fuzzy, true);
  assert.equal(ask('study', ['fuzzymatching', 'false']).fuzzy, false);
  assert.equal(ask('study').fuzzy, false);
});

test('Q-P11 Q-M15 two quotation marks are the empty value only where that is asked for', () => {
  const kindOf = (...parameters: [string, string][]) =>
    ask('study', ['PatientID', '""'], ...parameters).keys.study.map(({ match }) => match.kind);
  assert.deepEqual(kindOf(), ['values']);
  assert.deepEqual(kindOf(['emptyvaluematching', 'true']), ['empty']);
});

test('Q-P5 Q-P11 Q-P12 parameters that are false have no warning', () => {
  const names = ['fuzzymatching', 'emptyvaluematching', 'multiplevaluematching'];
  assert.deepEqual(ask('study', ...names.map((name): [string, string] => [name, 'false'])).warnings, []);
});

test('Q-M12 ranges of different form are matched one by one', () => {
  const query = ask('study', ['StudyDate', '20240101-20240102'], ['StudyTime', '1000-']);
  assert.deepEqual(query.moments.study, []);
  assert.deepEqual(identifierOf(query.keys.study)['00080030'], { vr: 'TM', Value: ['1000-'] });
});

test('Q-M12 a single date with a time range is matched one by one', () => {
  const query = ask('study', ['StudyDate', '20240101'], ['StudyTime', '1000-1200']);
  assert.deepEqual(query.moments.study, []);
});
