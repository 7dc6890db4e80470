// WADO-URI: one instance by query parameters, as PS3.10 or as a picture (PS3.18 chapter 9).

import type { FastifyReply } from 'fastify';
import type { Resource } from '../../bridge/resource.ts';
import { DicomError } from '../../dimse/errors.ts';
import { categoryOf } from '../category.ts';
import { type AddResource, type Exchange, queryOf } from '../exchange.ts';
import { uid } from '../paths.ts';
import { type Query, single } from '../query.ts';
import { sendRendition } from '../rendition.ts';
import { hold } from '../respond.ts';
import { anonymizeOf, parseWadoDicom, sendDicom } from '../wado/dicom.ts';
import { wadoTypesOf } from '../wado/media-type.ts';
import { parseWadoRendering, renderOptionsOf } from '../wado/options.ts';
import { sendPicture } from '../wado/picture.ts';

export function wadoUriRoutes(add: AddResource): void {
  add('/wado', { GET: wado });
}

function required(query: Query, name: string): string {
  const value = single(query, name);
  if (value === undefined || value === '') throw new DicomError('malformed', `${name} is missing`, { field: name });
  return value;
}

/** All three UIDs, so that a PACS without relational queries can be asked (9.1.2.1). */
function resourceOf(query: Query): Required<Omit<Resource, 'frames'>> {
  return {
    study: uid(required(query, 'studyUID'), 'studyUID'),
    series: uid(required(query, 'seriesUID'), 'seriesUID'),
    instance: uid(required(query, 'objectUID'), 'objectUID'),
  };
}

async function wado(exchange: Exchange): Promise<FastifyReply> {
  const { request, service, archive, signal } = exchange;
  const query = queryOf(request);
  if (required(query, 'requestType') !== 'WADO') {
    throw new DicomError('malformed', 'requestType is not WADO', { field: 'requestType' });
  }
  const resource = resourceOf(query);
  const { isDicom, picture, wanted } = wadoTypesOf(request, query, service.strictAccept);
  const opened = async () => {
    const file = await archive.open(resource, { signal });
    hold(file, exchange);
    return file;
  };
  if (isDicom) {
    const asked = parseWadoDicom(query);
    return sendDicom(exchange, await opened(), asked);
  }
  if (anonymizeOf(query)) {
    throw new DicomError('malformed', 'anonymize goes with application/dicom', { field: 'anonymize' });
  }
  const asked = parseWadoRendering(query);
  const file = await opened();
  if (categoryOf(file) !== 'image') {
    const options = renderOptionsOf(asked, undefined, picture ?? 'image/jpeg');
    const frames = asked.frame === undefined ? undefined : [asked.frame];
    return sendRendition(exchange, { file, frames, wanted, options });
  }
  if (picture === undefined) {
    throw new DicomError('not-acceptable', 'the instance is an image, and rendered as one', { field: 'contentType' });
  }
  return sendPicture(exchange, file, asked, picture);
}
