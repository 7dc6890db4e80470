// Holds back the status line until it is true: an answer starts only when its first item is known.

/**
 * Awaits the first item of `source`, so that a failure before it can still become an HTTP status. `items` are all of
 * them, the first included; `first` is undefined when there is none. Ending `items` early ends `source`.
 */
export async function primed<T>(
  source: AsyncIterable<T>,
): Promise<{ first: T | undefined; items: AsyncGenerator<T, void, undefined> }> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  return { first: first.done === true ? undefined : first.value, items: replay(first, iterator) };
}

function replay<T>(first: IteratorResult<T>, iterator: AsyncIterator<T>): AsyncGenerator<T, void, undefined> {
  let pending: IteratorResult<T> | undefined = first;
  let finished = first.done === true;
  const end = async (): Promise<void> => {
    pending = undefined;
    if (finished) return;
    finished = true;
    await iterator.return?.();
  };
  // Not a generator function: one that was never started would skip its `finally` when it is returned.
  return {
    async next() {
      const result = pending ?? (finished ? { done: true as const, value: undefined } : await iterator.next());
      pending = undefined;
      if (result.done === true) finished = true;
      return result.done === true ? { done: true, value: undefined } : result;
    },
    async return() {
      await end();
      return { done: true, value: undefined };
    },
    async throw(error) {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
