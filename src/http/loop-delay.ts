// How long the event loop keeps others waiting: whatever computes for long in this thread is seen here by every request.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds by which the event loop was late, over the last half to one minute. */
export type LoopDelay = { p50: number; p99: number; max: number };

/** Milliseconds between two looks at the clock: what comes on top of them is delay. */
const RESOLUTION = 10;
const HALF_WINDOW_MS = 30_000;

/** Watches the event loop of this thread until it is closed. */
export function watchLoop(): { read(): LoopDelay; close(): void } {
  const started = () => {
    const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
    histogram.enable();
    return histogram;
  };
  // Two that take turns in starting anew: the elder one always has half a window at least.
  let [elder, younger] = [started(), started()];
  const timer = setInterval(() => {
    elder.reset();
    [elder, younger] = [younger, elder];
  }, HALF_WINDOW_MS).unref();
  const beyond = (nanoseconds: number) => Math.max(0, Math.round(nanoseconds / 1e4) / 100 - RESOLUTION);
  return {
    read: () => {
      // Nothing is recorded before the first look.
      if (elder.count === 0) return { p50: 0, p99: 0, max: 0 };
      return { p50: beyond(elder.percentile(50)), p99: beyond(elder.percentile(99)), max: beyond(elder.max) };
    },
    close: () => {
      clearInterval(timer);
      for (const histogram of [elder, younger]) histogram.disable();
    },
  };
}
