// DICOM JSON (PS3.18 Annex F) of many data sets: one array, written as the data sets arrive, never multipart.

import type { Dataset } from '../dimse/data/dataset.ts';
import { toJson } from '../dimse/data/json.ts';

/** Characters that leave at once, and milliseconds that fewer wait for more. */
const GATHER = 64 * 1024;
const PATIENCE = 5;

/** The bytes of a JSON array of `datasets`, or of the JSON texts of some; what is there leaves when the next is long in coming. */
export async function* writeJsonArray(
  datasets: AsyncIterable<Dataset | string>,
): AsyncGenerator<Buffer, void, undefined> {
  const items = datasets[Symbol.asyncIterator]();
  let text = '[';
  let separator = '';
  try {
    for (;;) {
      const next = items.next();
      // Nothing leaves before the first: until then a failure is a status.
      const hasNews = separator !== '' && text !== '';
      if (hasNews && (text.length >= GATHER || !(await isSoon(next)))) {
        yield Buffer.from(text);
        text = '';
      }
      const { done, value } = await next;
      if (done === true) break;
      text += separator + (typeof value === 'string' ? value : toJson(value));
      separator = ',';
    }
  } finally {
    await items.return?.();
  }
  yield Buffer.from(`${text}]`);
}

/** Whether it settles, however, before the patience is over. */
async function isSoon(next: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), PATIENCE);
  const soon = () => true;
  const result = await Promise.race([next.then(soon, soon), late.promise]);
  clearTimeout(timer);
  return result;
}
