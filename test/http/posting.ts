// What a client posts to the Store transaction.

import type { TestContext } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { multipartOf } from '../support/multipart.ts';
import { buildWeb, type Web } from './web.ts';

export type Part = { headers: Record<string, string>; body: Uint8Array };

export const asDicom = (body: Uint8Array): Part => ({ headers: { 'Content-Type': 'application/dicom' }, body });
export const related = (type: string): string => `multipart/related; type="${type}"; boundary=frontier`;

/** Posts `parts` and gives the answer, and the gateway that they went to. */
export async function post(
  t: TestContext,
  parts: readonly Part[],
  {
    type = related('application/dicom'),
    url = '/dicomweb/studies',
    web = undefined as Web | undefined,
    accept = '',
  } = {},
) {
  const { app, gateway } = web ?? (await buildWeb(t));
  const headers = { 'content-type': type, ...(accept === '' ? {} : { accept }) };
  const answer = await app.inject({ method: 'POST', url, headers, payload: multipartOf('frontier', parts) });
  return { answer, gateway };
}

/** The metadata of a fixture, its pixel data by reference. */
export function metadataOf(fixture: { data: Buffer; transferSyntaxUid: string }, uri: string): Dataset {
  const dataset = readDataset(fixture.data, fixture.transferSyntaxUid);
  return { ...dataset, '7FE00010': { vr: 'OW', BulkDataURI: uri } };
}
