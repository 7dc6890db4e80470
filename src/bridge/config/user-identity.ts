// The user identity that a PACS is told (PS3.7 D.3.3.7). Its secret is in no message and no log.

import { readFileSync } from 'node:fs';
import { DicomError } from '../../dimse/errors.ts';
import type { UserIdentity } from '../../dimse/index.ts';
import type { PacsConfig } from './schema.ts';

type Settings = PacsConfig['userIdentity'];

/** TABLE of PS3.7 Table D.3-14, User-Identity-Type: its number, and what it is made of. */
const TYPES = {
  username: [1, ['username']],
  passcode: [2, ['username', 'secret']],
  kerberos: [3, ['secret']],
  saml: [4, ['secret']],
  jwt: [5, ['secret']],
} as const satisfies Record<string, readonly [UserIdentity['type'], readonly ('username' | 'secret')[]]>;

/** Both fields have a length of 16 bits. */
const LONGEST = 0xffff;

/**
 * For connect(); undefined where a PACS is told none. A file is read each time, because a ticket or token in it is renewed.
 * `path` names the settings in errors. Throws 'malformed'.
 */
export function userIdentityOf(settings: Settings, path: string): UserIdentity | undefined {
  const { type, username, responseRequired: responseRequested } = settings;
  if (type === 'none') return undefined;
  const [number, fields] = TYPES[type];
  const [primary, secondary] = fields.map((field) => {
    const value = field === 'username' ? Buffer.from(username ?? '') : secretOf(settings, path);
    if (value.length > 0 && value.length <= LONGEST) return value;
    throw wrong(`${path}.${field}`, `${type} needs one of 1 to ${LONGEST} bytes`);
  });
  return {
    type: number,
    primary: primary ?? Buffer.alloc(0),
    ...(secondary === undefined ? {} : { secondary }),
    responseRequested,
  };
}

/** A Kerberos ticket is bytes: in a setting it is base64, in a file it is as it is. A line's end does not belong to a text. */
function secretOf({ type, secret, secretFile }: Settings, path: string): Buffer {
  const isBinary = type === 'kerberos';
  if (secretFile === undefined) return Buffer.from(secret ?? '', isBinary ? 'base64' : 'utf8');
  if (secret !== undefined) throw wrong(`${path}.secretFile`, `not together with ${path}.secret`);
  const content = contentOf(secretFile, path);
  return isBinary ? content : Buffer.from(content.toString('utf8').replace(/\r?\n$/, ''));
}

function contentOf(file: string, path: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown error';
    throw wrong(`${path}.secretFile`, `${file} cannot be read: ${reason}`, cause);
  }
}

function wrong(path: string, what: string, cause?: unknown): DicomError {
  return new DicomError('malformed', `config: ${path}: ${what}`, { field: 'config', ...(cause ? { cause } : {}) });
}
