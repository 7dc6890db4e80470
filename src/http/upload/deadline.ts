// The longest that an upload may take as a whole, however steadily it trickles.

import { DicomError } from '../../dimse/errors.ts';

/**
 * `items`, until `ms` after the first was asked for.
 * @throws DicomError `timeout` (field `body`) then
 */
export async function* within<T>(items: AsyncIterable<T>, ms: number): AsyncGenerator<T, void, undefined> {
  const source = items[Symbol.asyncIterator]();
  const late = new DicomError('timeout', `the upload takes longer than ${ms / 1000} s`, { field: 'body' });
  let [isLate, isOver] = [false, false];
  let refuse = (_error: DicomError): void => {};
  const timer = setTimeout(() => {
    isLate = true;
    refuse(late);
  }, ms);
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
