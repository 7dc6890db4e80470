// Presentation states made for tests, applied to images that are made with them.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { writeFileMeta } from '../../../src/dimse/data/part10.ts';
import { ExplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { createUid } from '../../../src/dimse/data/uid.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { readAttributes } from '../../../src/render/frames/image.ts';
import type { RenderOptions } from '../../../src/render/options.ts';
import type { Renderer } from '../../../src/render/render.ts';
import { type Fixture, pixelOf, writeFixture } from '../fixtures.ts';
import { cs, sq, us } from '../pictures.ts';

export const GRAYSCALE = '1.2.840.10008.5.1.4.1.1.11.1';
export const COLOUR = '1.2.840.10008.5.1.4.1.1.11.2';
export const PSEUDO_COLOUR = '1.2.840.10008.5.1.4.1.1.11.3';

const ui = (value: string): Dataset[string] => ({ vr: 'UI', Value: [value] });
/** Pairs of a SL attribute. */
export const sl = (...values: number[]): Dataset[string] => ({ vr: 'SL', Value: values });
/** FL values. */
export const fl = (...values: number[]): Dataset[string] => ({ vr: 'FL', Value: values });

/** A picture: its size, and its samples row by row, grey or RGB. */
export type Shown = { width: number; height: number; channels: number; data: Buffer };

/** An item that names an image, and frames of it. */
export function imageItem(instance: string, ...frames: number[]): Dataset {
  return {
    '00081150': ui('1.2.840.10008.5.1.4.1.1.7'),
    '00081155': ui(instance),
    ...(frames.length > 0 && { '00081160': { vr: 'IS', Value: frames } }),
  };
}

/** A Displayed Area Selection Sequence of one item that holds for every image. */
export function displayedArea(
  topLeft: [number, number],
  bottomRight: [number, number],
  changes: Dataset = {},
): Dataset {
  const item: Dataset = {
    '00700052': sl(...topLeft),
    '00700053': sl(...bottomRight),
    '00700100': cs('SCALE TO FIT'),
    '00700102': { vr: 'IS', Value: [1, 1] },
    ...changes,
  };
  return { '0070005A': sq(item) };
}

/** Writes a state that refers to the image in a file, and gives its path. */
export async function writeState(
  dir: string,
  image: string,
  attributes: Dataset = {},
  sopClassUid: string = GRAYSCALE,
): Promise<string> {
  const header = await readAttributes(image);
  const instance = String(header['00080018']?.Value?.[0]);
  const sopInstanceUid = createUid();
  const dataset: Dataset = {
    '00080016': ui(sopClassUid),
    '00080018': ui(sopInstanceUid),
    '00080060': cs('PR'),
    '0020000D': header['0020000D'] ?? ui('1.2.3'),
    '0020000E': ui(createUid()),
    '00081115': sq({ '0020000E': header['0020000E'] ?? ui('1.2.3.4'), '00081140': sq(imageItem(instance)) }),
    '20500020': cs('IDENTITY'),
    ...attributes,
  };
  const meta = writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid: ExplicitLittle });
  const path = join(dir, `${sopInstanceUid}.dcm`);
  writeFileSync(path, Buffer.concat([meta, writeDataset(dataset, ExplicitLittle)]));
  return path;
}

/** The samples of an encoded picture. */
export async function samplesIn(png: Buffer): Promise<Shown> {
  const image = sharp(png);
  const { space } = await image.metadata();
  const grey = space === 'b-w';
  const { data, info } = await image
    .toColourspace(grey ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** An image under a state, as it is shown. */
export async function shownUnder(
  renderer: Renderer,
  dir: string,
  fixture: Fixture,
  state: Dataset,
  {
    sopClassUid = GRAYSCALE,
    frame = 1,
    ...options
  }: Partial<RenderOptions> & { sopClassUid?: string; frame?: number } = {},
): Promise<Shown> {
  const image = await writeFixture(dir, fixture);
  const path = await writeState(dir, image, state, sopClassUid);
  const { bytes } = await renderer.present(path, image, frame, { mediaType: 'image/png', ...options });
  return samplesIn(bytes);
}

/** The rows of a grey picture. */
export function rowsOf({ width, height, channels, data }: Shown): number[][] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => data[(y * width + x) * channels] ?? -1),
  );
}

/** A grey picture of 6 by 4 in which every pixel says where it is: 10 × row + column. */
export function numbered(attributes: Dataset = {}): Fixture {
  const frame = Uint8Array.from({ length: 24 }, (_, at) => 10 * Math.floor(at / 6) + (at % 6));
  return { pixel: pixelOf({ rows: 4, columns: 6 }), frames: [frame], attributes };
}

/** A LUT of entries of 8 bits. */
export function lutItem(entries: number[], first = 0): Dataset {
  return { '00283002': us(entries.length, first, 8), '00283006': { vr: 'US', Value: entries } };
}
