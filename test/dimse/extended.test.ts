import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerExtended, extendedInformation, extendedOptions } from '../../src/dimse/extended.ts';

describe('extended negotiation of C-FIND, byte by byte (PS3.4 C.5.1.1)', () => {
  const bytes = [
    'relationalQueries',
    'combinedDateTime',
    'fuzzyMatching',
    'timezoneAdjustment',
    'enhancedMultiFrameConversion',
    'emptyValueMatching',
    'multipleValueMatching',
  ] as const;
  bytes.forEach((option, index) => {
    test(`byte ${index + 1} is ${option}`, () => {
      const expected = Buffer.alloc(index + 1);
      expected.writeUInt8(1, index);
      assert.deepEqual(extendedInformation('find', [option]), expected);
      assert.deepEqual([...extendedOptions('find', expected)], [option]);
    });
  });
});

test('no option at all is one byte 0', () => {
  assert.deepEqual(extendedInformation('find', []), Buffer.from([0]));
  assert.deepEqual(extendedInformation('retrieve', []), Buffer.from([0]));
});

test('retrieve: relational, enhanced multi-frame', () => {
  assert.deepEqual(extendedInformation('retrieve', ['relationalRetrieval']), Buffer.from([1]));
  assert.deepEqual(extendedInformation('retrieve', ['enhancedMultiFrameConversion']), Buffer.from([0, 1]));
});

test('worklist: the first two bytes are 1 always', () => {
  assert.deepEqual(extendedInformation('worklist', []), Buffer.from([1, 1]));
  assert.deepEqual(extendedInformation('worklist', ['timezoneAdjustment']), Buffer.from([1, 1, 0, 1]));
  assert.deepEqual([...extendedOptions('worklist', Buffer.from([1, 1, 1]))], ['fuzzyMatching']);
});

test('UL-32 bytes that are missing are 0, no information is none', () => {
  assert.deepEqual([...extendedOptions('find', Buffer.from([1]))], ['relationalQueries']);
  assert.equal(extendedOptions('find', undefined).size, 0);
});

test('UL-32 only what was offered is accepted; one byte answers one byte', () => {
  const offered = extendedInformation('find', ['relationalQueries', 'fuzzyMatching']);
  const answer = answerExtended('find', offered, ['fuzzyMatching', 'timezoneAdjustment']);
  assert.deepEqual(answer, Buffer.from([0, 0, 1]));
  assert.deepEqual(answerExtended('find', Buffer.from([1]), ['relationalQueries', 'fuzzyMatching']), Buffer.from([1]));
  assert.deepEqual(answerExtended('worklist', Buffer.from([1]), []), Buffer.from([1]));
});
