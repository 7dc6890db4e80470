// Work on several inputs at a time whose outcomes are handed on in the order of the inputs.

/**
 * At most `width` of `work` run at once, and no more than `width` outcomes wait to be taken. Returning early, or a failure,
 * aborts the signal that the others were given and waits for them to end.
 */
export async function* inOrder<Input, Output>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  width: number,
  signal: AbortSignal,
  work: (input: Input, signal: AbortSignal) => Promise<Output>,
): AsyncGenerator<Output, void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const running: Promise<Output>[] = [];
  try {
    for await (const input of inputs) {
      const outcome = work(input, both);
      // It is awaited in its turn; until then a failure must not count as unhandled.
      outcome.catch(() => {});
      running.push(outcome);
      if (running.length >= width) yield await next(running);
    }
    while (running.length > 0) yield await next(running);
  } finally {
    // Nothing is left to be stopped when all ended in order: a reason with its stack would be made for nobody.
    if (running.length > 0) stop.abort();
    await Promise.allSettled(running);
  }
}

function next<Output>(running: Promise<Output>[]): Promise<Output> {
  const [first] = running.splice(0, 1);
  return first ?? Promise.reject(new RangeError('nothing is running'));
}
