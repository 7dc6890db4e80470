import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DicomError } from '../../../src/dimse/errors.ts';
import { Channel } from '../../../src/dimse/ul/channel.ts';
import { waitFor } from '../../../src/dimse/ul/deadline.ts';

const pending = Symbol('pending');
/** What a promise has come to by now. */
const now = (promise: unknown) => Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))]);

test('push waits until its value is taken', async () => {
  const channel = new Channel<number>();
  const pushed = channel.push(1);
  assert.equal(await now(pushed), pending);
  assert.equal(await channel.take(), 1);
  assert.equal(await pushed, true);
});

test('values that were put lie ready in order, and drained waits for the last of them', async () => {
  const channel = new Channel<number>();
  channel.put(1);
  channel.put(2);
  const drained = channel.drained();
  assert.equal(await channel.take(), 1);
  assert.equal(await now(drained), pending);
  assert.equal(await channel.take(), 2);
  assert.equal(await drained, true);
});

test('take waits for a value', async () => {
  const channel = new Channel<number>();
  const taken = channel.take();
  assert.equal(await now(taken), pending);
  assert.equal(await channel.push(2), true);
  assert.equal(await taken, 2);
});

test('a value that nobody took is dropped by close, and its producer told', async () => {
  const channel = new Channel<number>();
  const pushed = channel.push(1);
  channel.close();
  assert.equal(await pushed, false);
  assert.equal(await channel.take(), undefined);
  assert.equal(await channel.push(2), false);
});

test('close with an error throws it to who waits and to who comes later', async () => {
  const channel = new Channel<number>();
  const taken = channel.take();
  const error = new DicomError('aborted', 'gone');
  channel.close(error);
  await assert.rejects(taken, error);
  await assert.rejects(channel.take(), error);
});

test('the first close counts', async () => {
  const channel = new Channel<number>();
  channel.close();
  channel.close(new DicomError('aborted', 'late'));
  assert.equal(await channel.take(), undefined);
});

test('a take that was given up does not swallow the next value', async () => {
  const channel = new Channel<number>();
  const caller = new AbortController();
  const taken = channel.take({ doing: 'C-FIND to X', awaited: 'response', signal: caller.signal });
  caller.abort();
  const pushed = channel.push(1);
  await assert.rejects(taken, { kind: 'cancelled' });
  assert.equal(await channel.take(), 1);
  assert.equal(await pushed, true);
});

test('a deadline names what was awaited, of whom, and for how long', async () => {
  const detail = { peer: 'X@h:1', operation: 'C-FIND' };
  const waiting = waitFor(new Promise(() => {}), { doing: 'C-FIND to X@h:1', awaited: 'response', ms: 5, detail });
  await assert.rejects(waiting, {
    kind: 'timeout',
    message: 'C-FIND to X@h:1: no response within 0.005 s',
    peer: 'X@h:1',
    operation: 'C-FIND',
  });
});

test('a signal that fired before the wait is heard', async () => {
  const wait = { doing: 'x', awaited: 'y', signal: AbortSignal.abort() };
  await assert.rejects(waitFor(new Promise(() => {}), wait), { kind: 'cancelled' });
});

test('a DicomError given as the reason of a signal is what is thrown', async () => {
  const reason = new DicomError('timeout', 'the request took too long');
  const wait = { doing: 'x', awaited: 'y', signal: AbortSignal.abort(reason) };
  await assert.rejects(waitFor(new Promise(() => {}), wait), reason);
});

test('a wait that ended leaves no listener at its signal', async () => {
  let listeners = 0;
  const signal = new AbortController().signal;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = ((...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  }) as typeof signal.addEventListener;
  signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  }) as typeof signal.removeEventListener;
  await waitFor(Promise.resolve(1), { doing: 'x', awaited: 'y', ms: 1000, signal });
  await assert.rejects(waitFor(Promise.reject(new Error('no')), { doing: 'x', awaited: 'y', signal }));
  assert.equal(listeners, 0);
});

test('asked waits until whoever took the last value comes back for the next', async () => {
  const channel = new Channel<number>();
  channel.put(1);
  const asked = channel.asked();
  assert.equal(await channel.take(), 1);
  assert.equal(await now(asked), pending);
  const taken = channel.take();
  assert.equal(await asked, true);
  channel.close();
  assert.equal(await taken, undefined);
  assert.equal(await channel.asked(), false);
});

describe('one timer for the waits of a channel', () => {
  const wait = (ms: number) => ({ doing: 'C-FIND to X', awaited: 'response', ms });
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

  test('each wait has a deadline of its own, also one of another length', async () => {
    const channel = new Channel<number>();
    for (const ms of [60_000, 60_000, 5, 5, 7]) {
      const taken = channel.take(wait(ms));
      if (ms > 1000) {
        channel.put(ms);
        assert.equal(await taken, ms);
      } else
        await assert.rejects(taken, { kind: 'timeout', message: `C-FIND to X: no response within ${ms / 1000} s` });
    }
    channel.close();
  });

  test('the deadline of a wait that was met does not end the next one, which has none', async () => {
    const channel = new Channel<number>();
    const met = channel.take(wait(5));
    channel.put(1);
    await met;
    const taken = channel.take({ doing: 'x', awaited: 'y', signal: new AbortController().signal });
    await new Promise((resolve) => setTimeout(resolve, 20));
    channel.put(2);
    assert.equal(await taken, 2);
    channel.close();
  });

  test('the deadline of a wait that was met when it was due does not end the next one', async () => {
    const channel = new Channel<number>();
    // Both timers are due together, and this one runs first.
    setTimeout(() => channel.put(1), 200);
    assert.equal(await channel.take(wait(200)), 1);
    setImmediate(() => channel.put(2));
    assert.equal(await channel.take(wait(200)), 2);
    channel.close();
  });

  test('a closed channel leaves no timer', async () => {
    const before = timers();
    const channel = new Channel<number>();
    const taken = channel.take(wait(60_000));
    channel.put(1);
    await taken;
    channel.close();
    assert.equal(timers(), before);
  });
});
