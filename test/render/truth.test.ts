// Every frame that truth.tsv of the corpus knows: decoded bytes against the hashes that foreign decoders agree on. The
// table below names the files that are another matter, and why.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DicomError } from '../../src/dimse/errors.ts';
import { createRenderer, type Renderer } from '../../src/render/render.ts';
import { corpusRows, corpusTest } from '../support/corpus.ts';

/** Rows that a hash cannot judge: what is expected instead, and why. Matched by the eight digits that end the name. */
const OTHERWISE: Readonly<Record<string, { expect: DicomError['kind'] | 'decodes'; because: string }>> = {
  '1a7f0eb9': {
    expect: 'decodes',
    because: 'JPEG recompressed as JPEG XL: lossy, the only reference is another version of libjxl',
  },
  a8bcadf5: { expect: 'too-large', because: 'declares a frame of 1 GB that is not in the file' },
  '3d05f910': { expect: 'too-large', because: 'declares a frame of 4 GB that is not in the file' },
  '4c637783': {
    expect: 'corrupt',
    because: 'a stray item tag stands between the attributes: no standard reader gets past it',
  },
};

/** Rows of tool «-»: no decoder gave a frame. What each is refused for. */
const UNDECODABLE: Readonly<Record<string, DicomError['kind']>> = {
  e86643ad: 'corrupt', // no codestream, but the words of a test generator
  '69274751': 'corrupt',
  '842e3ea0': 'corrupt',
  b5b6c472: 'corrupt', // empty pixel data
  b1fd9301: 'corrupt', // a delimiter inside the codestream
  '43e81193': 'corrupt', // no Rows
  '88762f18': 'corrupt',
  '075dc514': 'corrupt',
  d0a8cb30: 'corrupt', // text instead of a codestream
};

type Row = Record<string, string>;

/** What our bytes may be: colour by pixel, or as stored. Rows where tools differ are all candidates. */
function hashesOf(rows: Row[]): string[] {
  return rows.filter(({ note }) => !note?.includes('color-by-plane')).map(({ sha256 }) => sha256 ?? '');
}

async function judge(renderer: Renderer, dir: string, rows: Row[]): Promise<string | undefined> {
  const { file = '', frame = '' } = rows[0] ?? {};
  const digits = file.slice(-12, -4);
  const expected = rows[0]?.tool === '-' ? UNDECODABLE[digits] : OTHERWISE[digits]?.expect;
  try {
    const { bytes } = await renderer.decode(join(dir, file), Number(frame));
    if (expected === 'decodes') return undefined;
    if (expected !== undefined) return `${file} ${frame}: decoded, but ${expected} was expected`;
    const hash = createHash('sha256').update(bytes).digest('hex');
    return hashesOf(rows).includes(hash) ? undefined : `${file} ${frame}: ${bytes.length} bytes of another hash`;
  } catch (error) {
    if (error instanceof DicomError && error.kind === expected) return undefined;
    return `${file} ${frame}: ${error instanceof DicomError ? `${error.kind}: ${error.message}` : String(error)}`;
  }
}

corpusTest('every row of truth.tsv decodes to its hash, or is refused by the stated kind', async (dir) => {
  const rows = corpusRows(dir, 'truth.tsv');
  const frames = Map.groupBy(rows, ({ file, frame }) => `${file} ${frame}`);
  assert.ok(frames.size > 300, `only ${frames.size} frames`);
  const renderer = createRenderer({ threads: 2, maxWaiting: 1000 });
  try {
    const problems: string[] = [];
    await Promise.all(
      [...frames.values()].map(async (group) => {
        const problem = await judge(renderer, dir, group);
        if (problem) problems.push(problem);
      }),
    );
    assert.deepEqual(problems.sort(), []);
  } finally {
    await renderer.close();
  }
});

corpusTest('every named exception is still in truth.tsv', (dir) => {
  const rows = corpusRows(dir, 'truth.tsv');
  const named = [...Object.keys(OTHERWISE), ...Object.keys(UNDECODABLE)];
  assert.deepEqual(
    named.filter((digits) => !rows.some(({ file }) => file?.endsWith(`${digits}.dcm`))),
    [],
  );
});
