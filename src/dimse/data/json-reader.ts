// The DICOM JSON model (PS3.18 Annex F): parsed JSON to Datasets.

import type { Attribute, Dataset } from './dataset.ts';
import { MAX_DEPTH } from './element.ts';
import { dataUriBytes, incomingBytes, incomingValue, isEmpty, malformed } from './incoming.ts';
import { fieldValues } from './values.ts';
import { isVr, VRS, type Vr } from './vr.ts';

type Members = { [name: string]: unknown };

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function vrOfMembers({ vr }: Members, path: string): Vr {
  if (typeof vr === 'string' && isVr(vr)) return vr;
  throw malformed(path, 'An attribute without a vr of the standard');
}

function readItems(values: unknown[], path: string, depth: number): Attribute {
  if (depth > MAX_DEPTH) throw malformed(path, 'Sequences nested too deep');
  const items = values.map((item, index) => (item === null ? {} : readMembers(item, `${path}/${index}/`, depth)));
  return items.length === 0 ? { vr: 'SQ' } : { vr: 'SQ', Value: items };
}

function readValues(vr: Vr, values: unknown, path: string, depth: number): Attribute {
  if (!Array.isArray(values)) throw malformed(path, 'A Value that is no array');
  if (vr === 'SQ') return readItems(values, path, depth + 1);
  if (VRS[vr].kind === 'binary') throw malformed(path, `A Value under ${vr}`);
  const list = values.map((value) => incomingValue(value, vr, path));
  return isEmpty(list) ? { vr } : { vr, Value: list };
}

function readBulk(vr: Vr, uri: unknown, path: string): Attribute {
  if (typeof uri !== 'string' || uri === '') throw malformed(path, 'A BulkDataURI that is no URI');
  if (!VRS[vr].bulk) throw malformed(path, `A BulkDataURI under ${vr}`);
  const bytes = dataUriBytes(uri, path);
  if (!bytes) return { vr, BulkDataURI: uri };
  return fieldValues(vr, bytes) ?? { vr, BulkDataURI: uri };
}

function readAttribute(members: unknown, path: string, depth: number): Attribute {
  if (!isObject(members)) throw malformed(path, 'An attribute that is no object');
  const vr = vrOfMembers(members, path);
  const { Value: values, InlineBinary: base64, BulkDataURI: uri } = members;
  if ([values, base64, uri].filter((member) => member !== undefined).length > 1) {
    throw malformed(path, 'More than one of Value, InlineBinary and BulkDataURI');
  }
  if (values !== undefined) return readValues(vr, values, path, depth);
  if (uri !== undefined) return readBulk(vr, uri, path);
  if (base64 === undefined) return { vr };
  if (typeof base64 !== 'string' || VRS[vr].kind !== 'binary') throw malformed(path, `An InlineBinary under ${vr}`);
  const bytes = incomingBytes(base64, path);
  return bytes.length === 0 ? { vr } : { vr, InlineBinary: bytes };
}

function readMembers(members: unknown, path: string, depth: number): Dataset {
  if (!isObject(members)) throw malformed(path.replace(/\/$/, ''), 'A data set that is no object');
  const dataset: Dataset = {};
  for (const [name, attribute] of Object.entries(members)) {
    const tag = name.toUpperCase();
    if (!/^[0-9A-F]{8}$/.test(tag)) throw malformed(path.replace(/\/$/, ''), 'A member whose name is no tag');
    if (dataset[tag]) throw malformed(path + tag, 'An attribute that comes twice');
    if (!tag.endsWith('0000')) dataset[tag] = readAttribute(attribute, path + tag, depth);
  }
  return dataset;
}

/**
 * A Dataset from one parsed object of the DICOM JSON model, or from an array that holds just one. Group lengths are dropped;
 * values of `data:` URIs are taken in, other BulkDataURIs kept.
 * @throws DicomError `malformed`; `field` is the path ('tag/item/tag') of what is wrong
 */
export function fromJson(value: unknown): Dataset {
  if (!Array.isArray(value)) return readMembers(value, '', 0);
  if (value.length !== 1) throw malformed('', 'An array that does not hold one data set');
  return readMembers(value[0], '', 0);
}
