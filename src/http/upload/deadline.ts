// The longest that an upload may take as a whole, however steadily it trickles.

import { DicomError } from '../../dimse/errors.ts';

/** A time by `performance.now()`, and how long it was until then. */
export type Deadline = { ms: number; at: number };

export function deadlineIn(ms: number): Deadline {
  return { ms, at: performance.now() + ms };
}

/**
 * `items`, until the deadline, which others may have too.
 * @throws DicomError `timeout` (field `body`) then
 */
export async function* within<T>(items: AsyncIterable<T>, { ms, at }: Deadline): AsyncGenerator<T, void, undefined> {
  const source = items[Symbol.asyncIterator]();
  const late = new DicomError('timeout', `the upload takes longer than ${ms / 1000} s`, { field: 'body' });
  let [isLate, isOver] = [false, false];
  let refuse = (_error: DicomError): void => {};
  const becomesLate = (): void => {
    isLate = true;
    refuse(late);
  };
  const timer = setTimeout(becomesLate, Math.max(0, at - performance.now()));
  try {
    for (;;) {
      if (isLate) throw late;
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        refuse = reject;
        source.next().then(resolve, reject);
      });
      isOver = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    clearTimeout(timer);
    const given = isOver ? undefined : source.return?.();
    // When it is late, the item that is still waited for would have to come first.
    given?.catch(() => {});
    if (!isLate) await given;
  }
}
