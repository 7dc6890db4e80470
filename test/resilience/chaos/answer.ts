// What came of one HTTP request, in a form that can be compared: the same however parts and objects are ordered.

import { createHash } from 'node:crypto';
import { partsOf } from '../../support/multipart.ts';

/**
 * `bytes`: of the body or its parts; none are counted of an archive, whose directory has UIDs of its own each time. `broken`: the
 * connection ended before the body did. `gone`: the client itself went.
 */
export type Answer = { status: number; content: string[]; bytes: number } | 'broken' | 'gone';

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** The files of an archive that is not compressed, by its central directory (APPNOTE 4.3.12), but for the DICOMDIR: its UID is new each time. */
function filesOf(zip: Buffer): string[] {
  const files: string[] = [];
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  for (let at = zip.readUInt32LE(end + 16); zip.readUInt32LE(at) === 0x02014b50; ) {
    const [size, name, extra] = [zip.readUInt32LE(at + 24), zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30)];
    const path = zip.toString('latin1', at + 46, at + 46 + name);
    const from = zip.readUInt32LE(at + 42);
    const start = from + 30 + zip.readUInt16LE(from + 26) + zip.readUInt16LE(from + 28);
    if (path !== 'DICOMDIR') files.push(`${path} ${hash(zip.subarray(start, start + size))}`);
    at += 46 + name + extra + zip.readUInt16LE(at + 32);
  }
  return files;
}

function contentOf(type: string, body: Buffer, origin: string): string[] {
  if (type.startsWith('multipart/related')) {
    return partsOf(type, body)
      .map((part) => `${part.headers['content-type']} ${hash(part.body)}`)
      .sort();
  }
  if (type === 'application/zip') return filesOf(body);
  if (!type.startsWith('application/dicom+json')) return [body.toString()];
  const rows = JSON.parse(body.toString().replaceAll(origin, '')) as Record<string, unknown>[];
  return rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
}

/** @param leaveAfter milliseconds after which the client goes, whatever has come */
export async function ask(origin: string, path: string, leaveAfter?: number): Promise<Answer> {
  const signal = leaveAfter === undefined ? null : AbortSignal.timeout(leaveAfter);
  try {
    const response = await fetch(`${origin}${path}`, { signal });
    const body = Buffer.from(await response.arrayBuffer());
    const type = response.headers.get('content-type') ?? '';
    const bytes = type.startsWith('application/zip')
      ? 0
      : type.startsWith('multipart/related')
        ? partsOf(type, body).reduce((sum, part) => sum + part.body.length, 0)
        : Buffer.byteLength(body.toString('latin1').replaceAll(origin, ''), 'latin1');
    return { status: response.status, content: contentOf(type, body, origin), bytes };
  } catch (error) {
    if (signal?.aborted) return 'gone';
    if (error instanceof TypeError) return 'broken';
    throw error;
  }
}
