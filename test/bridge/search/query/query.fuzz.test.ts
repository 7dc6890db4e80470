// Any query, and any stored value: a DicomError or an answer, never another error.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { elementOf, parseMatch } from '../../../../src/bridge/search/query/key.ts';
import { parseQuery } from '../../../../src/bridge/search/query/query.ts';
import type { Value } from '../../../../src/dimse/data/dataset.ts';
import { rangeOf, spanOf } from '../../../../src/dimse/data/matching/moment.ts';
import { verdictOn } from '../../../../src/dimse/data/matching/verdict.ts';
import { VRS, type Vr } from '../../../../src/dimse/data/vr.ts';
import { DicomError } from '../../../../src/dimse/errors.ts';

const RUNS = { numRuns: 5000, seed: 20241122 };

function onlyDicomErrors<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof DicomError, String(error));
    return undefined;
  }
}

const name = fc.oneof(
  fc.constantFrom(
    'PatientName',
    'StudyDate',
    'StudyTime',
    'limit',
    'offset',
    'includefield',
    'fuzzymatching',
    '00231001',
  ),
  fc.constantFrom(
    'ModalitiesInStudy',
    'RequestAttributesSequence.RequestedProcedureID',
    'emptyvaluematching',
    '00230010',
  ),
  fc.string({ maxLength: 24 }),
  fc.stringMatching(/^[0-9a-fA-F]{8}(\.[0-9A-F]{8})?$/),
);
const text = fc.oneof(
  fc.string({ maxLength: 40, unit: 'binary' }),
  fc.stringMatching(/^[0-9*?,\\."+-]{0,24}$/),
  fc.constantFrom('all', 'true', 'false', '""', '*', ''),
);

test('any query is understood or malformed', () => {
  const level = fc.constantFrom('study' as const, 'series' as const, 'instance' as const);
  const parameters = fc.array(fc.tuple(name, text), { maxLength: 6 });
  fc.assert(
    fc.property(level, parameters, (one, all) => {
      onlyDicomErrors(() => parseQuery({ level: one, parameters: all }));
    }),
    RUNS,
  );
});

const vr = fc.constantFrom(...(Object.keys(VRS) as Vr[]));
const value: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.stringMatching(/^[0-9+.-]{0,16}$/),
  fc.double(),
  fc.constant(null),
  fc.record({ Alphabetic: fc.string({ maxLength: 20 }) }, { requiredKeys: [] }),
);

test('any key meets any stored value, and can be sent', () => {
  const options = fc.record({ emptyValue: fc.boolean(), multipleValue: fc.boolean() });
  fc.assert(
    fc.property(vr, text, fc.array(value, { maxLength: 3 }), options, (one, asked, stored, how) => {
      const match = onlyDicomErrors(() => parseMatch(one, asked, 'key', how));
      if (match === undefined) return;
      const key = { tag: '00100010', vr: one, match };
      elementOf(key);
      assert.ok(['match', 'mismatch', 'unknown'].includes(verdictOn(key, { vr: one, Value: stored })));
    }),
    RUNS,
  );
});

test('a span ends no earlier than it begins, and a range has an end', () => {
  const moment = fc.constantFrom('DA' as const, 'TM' as const, 'DT' as const);
  fc.assert(
    fc.property(moment, fc.stringMatching(/^[0-9+.-]{1,30}$/), (one, written) => {
      const span = spanOf(one, written);
      assert.ok(span === undefined || span.from <= span.to);
      const range = rangeOf(one, written);
      assert.ok(range === undefined || range.from !== undefined || range.to !== undefined);
    }),
    RUNS,
  );
});
