// Native DICOM Model (PS3.19 A.1) of many data sets: one document per multipart/related part.

import type { Dataset } from '../dimse/data/dataset.ts';
import { toXml } from '../dimse/data/xml.ts';
import type { Part } from './multipart-writer.ts';
import { once } from './respond.ts';

/** A part per data set; `locate` gives the URL of the resource that a data set describes, where there is one. */
export async function* xmlParts(
  datasets: AsyncIterable<Dataset>,
  locate: (dataset: Dataset) => string | undefined,
): AsyncGenerator<Part, void, undefined> {
  for await (const dataset of datasets) {
    const location = locate(dataset);
    const body = Buffer.from(toXml(dataset));
    const headers: Record<string, string> = {
      'Content-Type': 'application/dicom+xml',
      'Content-Length': String(body.length),
    };
    if (location !== undefined) headers['Content-Location'] = location;
    yield { headers, body: once(body) };
  }
}
