// DICOM JSON (PS3.18 Annex F) of many data sets: one array, written as the data sets arrive, never multipart.

import type { Dataset } from '../dimse/data/dataset.ts';
import { toJson } from '../dimse/data/json.ts';

const GATHER = 64 * 1024;

/** The bytes of a JSON array of `datasets`, or of the JSON texts of some. */
export async function* writeJsonArray(
  datasets: AsyncIterable<Dataset | string>,
): AsyncGenerator<Buffer, void, undefined> {
  let text = '[';
  let separator = '';
  for await (const dataset of datasets) {
    text += separator + (typeof dataset === 'string' ? dataset : toJson(dataset));
    separator = ',';
    if (text.length >= GATHER) {
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(`${text}]`);
}
