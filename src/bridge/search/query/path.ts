// Attribute identifiers of query parameters (PS3.18 8.3.1, 10.6.1.2.1): a keyword, a tag in hex digits of any case, or a
// path of them through sequences, joined by dots.

import { lookup, tagOf, vrOf } from '../../../dimse/data/dictionary.ts';
import type { Vr } from '../../../dimse/data/vr.ts';
import { DicomError } from '../../../dimse/errors.ts';
import { isPrivate } from './attributes.ts';

export type Step = { tag: string; vr: Vr };

/** Undefined for a name that doesn't look like an attribute; throws `malformed` for one that does and is none. */
export function parsePath(name: string): Step[] | undefined {
  if (!/^[0-9A-Fa-f]{8}$|^[A-Z]|\./.test(name)) return undefined;
  const steps = name.split('.').map((part) => parseStep(part, name));
  for (const step of steps.slice(0, -1)) {
    if (step.vr !== 'SQ') throw bad(name, 'goes through an attribute that is no sequence');
  }
  return steps;
}

function parseStep(part: string, name: string): Step {
  const tag = tagOf(part);
  if (tag === undefined) throw bad(name, 'is no attribute of the DICOM dictionary');
  // Groups below 0008 are of commands, files and directories; element 0000 is the length of a group.
  if (tag < '0008' || tag.endsWith('0000')) throw bad(name, 'is no attribute that can be searched for');
  if (lookup(tag) === undefined && !isPrivate(tag)) throw bad(name, 'is no attribute of the DICOM dictionary');
  return { tag, vr: vrOf(tag) };
}

/** A name that is none may be the rest of a value with a bare `&` in it: the field doesn't repeat it, as logs hold fields. */
function bad(name: string, what: string): DicomError {
  return new DicomError('malformed', `query attribute ${name.slice(0, 128)} ${what}`, { field: 'query' });
}
