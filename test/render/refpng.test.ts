// Pictures against those that DCMTK made of corpus files: at most one grey level apart, all of them; the named exceptions
// once DCMTK and we are told the same.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import sharp from 'sharp';
import type { RenderOptions, Window } from '../../src/render/options.ts';
import { createRenderer, type Renderer } from '../../src/render/render.ts';
import { corpusRows, corpusTest } from '../support/corpus.ts';
import { runToolOk, tempDir } from '../support/peer.ts';

const TOLERANCE = 1;

type Row = Record<string, string>;

/**
 * What DCMTK was not told, or does not do. Each is met within one level nevertheless: `window` shows what DCMTK took for the
 * range, `below` leaves out the samples from there on, `remade` are the options with which dcmj2pnm makes the picture anew.
 */
type Exception = { because: string; window?: Window; below?: number; remade?: string[] };

const SUPPLEMENTAL: Exception = {
  because:
    'its supplemental palette colours samples from 1024 on (R-57), and its functional groups have a window (R-100)',
  window: { center: -425.5, width: 1197, function: 'linear' },
  below: 1024,
};

const EXCEPTIONS: Readonly<Record<string, Exception>> = {
  '218356eb': SUPPLEMENTAL,
  '1b00256d': SUPPLEMENTAL,
  '121f7770': {
    because: 'DCMTK counts padding as part of the range of values (R-32, R-38)',
    window: { center: -884.5, width: 4279, function: 'linear' },
  },
  '076985ed': {
    because: 'YCbCr by its JFIF marker, declared RGB (R-14): DCMTK converts it when it is told to',
    remade: ['+ca'],
  },
};

async function pixelsOf(picture: Buffer | string, channels: 1 | 3): Promise<Buffer> {
  const image = sharp(picture);
  const plain =
    channels === 1 ? image.toColourspace('b-w').extractChannel(0) : image.toColourspace('srgb').removeAlpha();
  return plain.raw().toBuffer();
}

/** The reference picture of a row, or one that DCMTK makes with other options. */
async function referenceOf(dir: string, { png = '', file = '' }: Row, remade?: string[]): Promise<string> {
  if (!remade) return join(dir, 'refpng', png);
  const made = join(await tempDir(), png);
  await runToolOk('dcmj2pnm', ['-q', '+on', '-O', '+F', '1', ...remade, join(dir, file), made]);
  return made;
}

/** Which pixels are compared. */
async function comparedOf(renderer: Renderer, path: string, below?: number): Promise<(at: number) => boolean> {
  if (below === undefined) return () => true;
  const { bytes } = await renderer.decode(path, 1);
  return (at) => bytes.readUInt16LE(2 * at) < below;
}

async function worstOf(renderer: Renderer, dir: string, row: Row, exception?: Exception): Promise<number> {
  const { window, below, remade } = exception ?? {};
  const path = join(dir, row.file ?? '');
  const channels = row.mode === 'L' ? 1 : 3;
  const options: RenderOptions = { mediaType: 'image/png', ...(window && { window }) };
  const { bytes } = await renderer.render(path, 1, options);
  const reference = await referenceOf(dir, row, remade);
  const [ours, theirs] = [await pixelsOf(bytes, channels), await pixelsOf(reference, channels)];
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  const isCompared = await comparedOf(renderer, path, below);
  let [worst, compared] = [0, 0];
  for (let at = 0; at < ours.length; at += 1) {
    if (!isCompared(Math.floor(at / channels))) continue;
    compared += 1;
    worst = Math.max(worst, Math.abs((ours[at] ?? 0) - (theirs[at] ?? 0)));
  }
  return compared * 2 > ours.length ? worst : Number.POSITIVE_INFINITY;
}

corpusTest('every reference picture of the corpus is met within one grey level', async (dir) => {
  const renderer = createRenderer({ threads: 2 });
  const problems: string[] = [];
  try {
    for (const row of corpusRows(dir, 'refpng.tsv')) {
      const worst = await worstOf(renderer, dir, row, EXCEPTIONS[row.file?.slice(-12, -4) ?? '']);
      if (worst > TOLERANCE) problems.push(`${row.file}: ${worst}`);
    }
  } finally {
    await renderer.close();
  }
  assert.deepEqual(problems, []);
});

corpusTest('every named exception does differ', async (dir) => {
  const renderer = createRenderer({ threads: 2 });
  try {
    for (const row of corpusRows(dir, 'refpng.tsv')) {
      if (!EXCEPTIONS[row.file?.slice(-12, -4) ?? '']) continue;
      assert.ok((await worstOf(renderer, dir, row)) > TOLERANCE, row.file);
    }
  } finally {
    await renderer.close();
  }
});
