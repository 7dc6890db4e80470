// The last test of a file: whatever its cases did to each other, no socket and no timer of them is left in the process.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

const HOLDING = /^(TCP|TLS|Timeout)/;
/** Enough for ARTIM, and less than the deadline of a connection, which must not outlive it. */
const PATIENCE_MS = 2000;

export function nothingIsLeft(): void {
  test('afterwards no socket and no timer is left', async () => {
    const left = () => process.getActiveResourcesInfo().filter((resource) => HOLDING.test(resource));
    const deadline = Date.now() + PATIENCE_MS;
    while (left().length > 0 && Date.now() < deadline) await turn();
    assert.deepEqual(left(), []);
  });
}
