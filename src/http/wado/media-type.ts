// Which media types a WADO-URI request takes: `contentType` is the accept parameter of this service (PS3.18 9.1.2.2.1).

import type { FastifyRequest } from 'fastify';
import { DicomError } from '../../dimse/errors.ts';
import { choose, type Wanted } from '../accept.ts';
import { OTHER_OFFERS, OTHER_TYPES } from '../category.ts';
import { parseAccept } from '../media-type.ts';
import { type Query, single } from '../query.ts';

/** What the client takes: the instance itself, or the best of the picture's types, and what to choose others by. */
export type WadoTypes = { isDicom: boolean; picture?: string; wanted: Wanted };

const SINGLE_PARTS = OTHER_OFFERS.filter(({ multipart }) => !multipart);

/**
 * @throws DicomError `malformed` for what `contentType` must not be, `not-acceptable` when nothing that the client takes is
 *   offered
 */
export function wadoTypesOf(request: FastifyRequest, query: Query, strictAccept: boolean): WadoTypes {
  const contentType = single(query, 'contentType');
  if (contentType !== undefined) checkContentType(contentType);
  const isStrict = strictAccept && request.headers.accept === undefined;
  const header = contentType !== undefined && !isStrict ? contentType : request.headers.accept || undefined;
  const wanted: Wanted = { header, strict: strictAccept };
  const accepted = choose('wado-uri', wanted, SINGLE_PARTS);
  const picture = accepted.find(({ mediaType }) => !OTHER_TYPES.includes(mediaType) && mediaType !== DICOM);
  return {
    isDicom: accepted[0]?.mediaType === DICOM,
    wanted,
    ...(picture === undefined ? {} : { picture: picture.mediaType }),
  };
}

const DICOM = 'application/dicom';

/** Either application/dicom alone or a list of rendered types; no wildcards, no parameters that belong to others (9.1.3). */
function checkContentType(contentType: string): void {
  const ranges = parseAccept(contentType);
  const forbidden = ranges.some(
    ({ type, parameters }) => type.includes('*') || parameters.has('transfer-syntax') || parameters.has('charset'),
  );
  const mixed = ranges.length > 1 && ranges.some(({ type }) => type === DICOM);
  if (ranges.length > 0 && !forbidden && !mixed) return;
  throw new DicomError('malformed', 'contentType is no list of rendered types, nor application/dicom alone', {
    field: 'contentType',
  });
}
