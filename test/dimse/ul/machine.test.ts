// PS3.8 Table 9-10 typed a second time, in the standard's own layout, and compared cell by cell.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EVENTS, type Event, type State, transition } from '../../../src/dimse/ul/machine.ts';

/** Action and next state of each event (row) in Sta1 to Sta13 (columns); a dot where the standard has no entry. */
const TABLE_9_10 = `
associate-request    | AE-1>4 .        .       .      .      .      .      .      .      .      .      .      .
transport-confirm    | .      .        .       AE-2>5 .      .      .      .      .      .      .      .      .
associate-ac         | .      AA-1>13  AA-8>13 .      AE-3>6 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-6>13
associate-rj         | .      AA-1>13  AA-8>13 .      AE-4>1 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-6>13
transport-indication | AE-5>2 .        .       .      .      .      .      .      .      .      .      .      .
associate-rq         | .      AE-6>3/13 AA-8>13 .     AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-7>13
associate-accept     | .      .        AE-7>6  .      .      .      .      .      .      .      .      .      .
associate-reject     | .      .        AE-8>13 .      .      .      .      .      .      .      .      .      .
p-data-request       | .      .        .       .      .      DT-1>6 .      AR-7>8 .      .      .      .      .
p-data-tf            | .      AA-1>13  AA-8>13 .      AA-8>13 DT-2>6 AR-6>7 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-6>13
release-request      | .      .        .       .      .      AR-1>7 .      .      .      .      .      .      .
release-rq           | .      AA-1>13  AA-8>13 .      AA-8>13 AR-2>8 AR-8>9/10 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-6>13
release-rp           | .      AA-1>13  AA-8>13 .      AA-8>13 AA-8>13 AR-3>1 AA-8>13 AA-8>13 AR-10>12 AR-3>1 AA-8>13 AA-6>13
release-response     | .      .        .       .      .      .      .      AR-4>13 AR-9>11 .      .      AR-4>13 .
abort-request        | .      .        AA-1>13 AA-2>1 AA-1>13 AA-1>13 AA-1>13 AA-1>13 AA-1>13 AA-1>13 AA-1>13 AA-1>13 .
abort                | .      AA-2>1   AA-3>1  .      AA-3>1 AA-3>1 AA-3>1 AA-3>1 AA-3>1 AA-3>1 AA-3>1 AA-3>1 AA-2>1
transport-closed     | .      AA-5>1   AA-4>1  AA-4>1 AA-4>1 AA-4>1 AA-4>1 AA-4>1 AA-4>1 AA-4>1 AA-4>1 AA-4>1 AR-5>1
artim-expired        | .      AA-2>1   .       .      .      .      .      .      .      .      .      .      AA-2>1
invalid-pdu          | .      AA-1>13  AA-8>13 .      AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-8>13 AA-7>13
`;

type Expected = { action: string; next: string; other: string };

const rows = new Map<string, (Expected | undefined)[]>(
  TABLE_9_10.trim()
    .split('\n')
    .map((line) => {
      const [event = '', cells = ''] = line.split('|');
      return [event.trim(), cells.trim().split(/\s+/).map(cellOf)];
    }),
);

function cellOf(text: string): Expected | undefined {
  if (text === '.') return undefined;
  const [action = '', states = ''] = text.split('>');
  const [next = '', other = next] = states.split('/');
  return { action, next: `Sta${next}`, other: `Sta${other}` };
}

test('the table typed here has a row of thirteen states for every event', () => {
  assert.deepEqual([...rows.keys()].sort(), [...EVENTS].sort());
  for (const [event, cells] of rows) assert.equal(cells.length, 13, event);
});

for (const [event, cells] of rows) {
  describe(`Table 9-10, ${event}`, () => {
    cells.forEach((expected, index) => {
      const state = `Sta${index + 1}` as State;
      test(`${state}: ${expected === undefined ? 'not possible' : `${expected.action}, ${expected.next}`}`, () => {
        const cell = transition(state, event as Event);
        const fork = transition(state, event as Event, true);
        assert.deepEqual(cell, expected && [expected.action, expected.next]);
        assert.deepEqual(fork, expected && [expected.action, expected.other]);
      });
    });
  });
}
