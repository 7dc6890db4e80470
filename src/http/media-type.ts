// Media types and Accept lists as DICOM writes them (PS3.18 8.7.1, 8.4.1.1): parameters may be quoted or not, an unquoted
// value may hold `/` and `*` (which RFC 9110 tokens may not), and invalid members of a list are ignored, not errors.

import { DicomError } from '../dimse/errors.ts';

/** `type` is `type/subtype` in lower case; parameter names are in lower case, values as written without their quotes. */
export type MediaType = { type: string; parameters: ReadonlyMap<string, string> };
/** A member of an Accept list; `q` is 0 to 1 and no longer among the parameters. */
export type MediaRange = MediaType & { q: number };

const ESSENCE = /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/;
const PARAMETER_NAME = /^[\w!#$&^.+-]+$/;
const Q_VALUE = /^(0(\.\d{0,3})?|1(\.0{0,3})?|\.\d{1,3})$/;
const LONGEST_LIST = 200;

/** Splits at `separator` outside quoted strings. */
function split(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted && char === '\\') i++;
    else if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** The text of a parameter value without quotes and escapes; undefined when the quotes don't pair. */
function unquote(value: string): string | undefined {
  if (!value.startsWith('"')) return /["\s]/.test(value) || value === '' ? undefined : value;
  if (value.length < 2 || !value.endsWith('"')) return undefined;
  return value.slice(1, -1).replace(/\\(.)/g, '$1');
}

function read(text: string): MediaType | undefined {
  const [essence = '', ...rest] = split(text, ';');
  const type = essence.trim().toLowerCase();
  if (!ESSENCE.test(type)) return undefined;
  const parameters = new Map<string, string>();
  for (const piece of rest) {
    if (piece.trim() === '') continue;
    const equals = piece.indexOf('=');
    const name = piece.slice(0, equals).trim().toLowerCase();
    const value = unquote(piece.slice(equals + 1).trim());
    // A parameter given twice makes the member invalid: transfer-syntax and type have exactly one value (8.7.3.5.2).
    if (equals < 1 || !PARAMETER_NAME.test(name) || value === undefined || parameters.has(name)) return undefined;
    parameters.set(name, value);
  }
  return { type, parameters };
}

/** Reads a Content-Type value. @throws DicomError `malformed` naming `field` */
export function parseMediaType(text: string, field = 'Content-Type'): MediaType {
  const mediaType = read(text);
  if (mediaType === undefined || mediaType.type.includes('*')) {
    throw new DicomError('malformed', `${field} is not a media type`, { field });
  }
  return mediaType;
}

/** Reads an Accept header or `accept` parameter; members that can't be read are left out (8.7.7). */
export function parseAccept(text: string): MediaRange[] {
  const ranges: MediaRange[] = [];
  for (const member of split(text, ',').slice(0, LONGEST_LIST)) {
    const mediaType = read(member);
    if (mediaType === undefined) continue;
    const { q: weight = '1', ...parameters } = Object.fromEntries(mediaType.parameters);
    if (!Q_VALUE.test(weight)) continue;
    ranges.push({ type: mediaType.type, parameters: new Map(Object.entries(parameters)), q: Number(weight) });
  }
  return ranges;
}

/** Writes a media type, quoting the values that are not tokens. */
export function formatMediaType(type: string, parameters: Record<string, string | undefined> = {}): string {
  let text = type;
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    text += `; ${name}=${/^[\w!#$&^.+*-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`;
  }
  return text;
}
