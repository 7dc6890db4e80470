// Query strings as PS3.18 8.3.1 writes them: UTF-8 percent-encoding, `+` is a plus (time zones use it), names are
// case-sensitive, order and repetitions are kept.

import { DicomError } from '../dimse/errors.ts';

/** Decoded parameters in the order of the request. */
export type Query = readonly (readonly [name: string, value: string])[];

const MOST_PARAMETERS = 1000;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new DicomError('malformed', 'the query string has a broken percent-encoding', { field: 'query', cause });
  }
}

/** Reads the query of a request target such as `/studies?limit=1`. @throws DicomError `malformed` */
export function parseQuery(target: string): Query {
  const mark = target.indexOf('?');
  if (mark < 0 || mark === target.length - 1) return [];
  const pieces = target.slice(mark + 1).split('&');
  if (pieces.length > MOST_PARAMETERS) {
    throw new DicomError('malformed', `more than ${MOST_PARAMETERS} query parameters`, { field: 'query' });
  }
  const query: [string, string][] = [];
  for (const piece of pieces) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = decode(equals < 0 ? piece : piece.slice(0, equals));
    const value = equals < 0 ? '' : decode(piece.slice(equals + 1));
    if (name.includes('\0') || value.includes('\0')) {
      throw new DicomError('malformed', 'a query parameter contains NUL', { field: 'query' });
    }
    query.push([name, value]);
  }
  return query;
}

/** The value of a parameter that may be given once. @throws DicomError `malformed` when it is repeated */
export function single(query: Query, name: string): string | undefined {
  const values = query.filter(([key]) => key === name);
  if (values.length > 1) throw new DicomError('malformed', `${name} is given more than once`, { field: name });
  return values[0]?.[1];
}

/** All values of a list parameter that may be repeated, joined with commas; undefined when it is absent. */
export function joined(query: Query, name: string): string | undefined {
  const values = query.filter(([key]) => key === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(',');
}
