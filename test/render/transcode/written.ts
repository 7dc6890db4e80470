// Transcoded instances as files, as the gateway gives them: for tools that are not ours.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileMeta } from '../../../src/dimse/data/part10.ts';
import { readElements } from '../../../src/dimse/data/reader.ts';
import { Tag } from '../../../src/dimse/data/tags.ts';
import { createUid } from '../../../src/dimse/data/uid.ts';
import type { Renderer } from '../../../src/render/render.ts';

const FIRST_AFTER_COMMON = '00200000';

/** A file in `dir` that holds the instance at `path` in another transfer syntax; its File Meta Information says `called`. */
export async function transcodedFile(
  renderer: Renderer,
  dir: string,
  path: string,
  transferSyntaxUid: string,
  called = transferSyntaxUid,
): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of renderer.transcode(path, transferSyntaxUid)) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const { dataset } = readElements(body, transferSyntaxUid, { until: FIRST_AFTER_COMMON });
  const [sopClassUid, sopInstanceUid] = [Tag.SOPClassUID, Tag.SOPInstanceUID].map((tag) =>
    String(dataset[tag]?.Value?.[0] ?? ''),
  );
  const meta = writeFileMeta({
    sopClassUid: sopClassUid ?? '',
    sopInstanceUid: sopInstanceUid ?? '',
    transferSyntaxUid: called,
  });
  const written = join(dir, `${createUid()}.dcm`);
  await writeFile(written, Buffer.concat([meta, body]));
  return written;
}
