// The 8-bit samples that a fixture renders to, before any viewport or encoder.

import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { Codecs } from '../../src/render/codec/wasm.ts';
import { openImage } from '../../src/render/frames/image.ts';
import type { RenderOptions } from '../../src/render/options.ts';
import { renderPicture } from '../../src/render/picture.ts';
import { type Fixture, pixelOf, writeFixture } from './fixtures.ts';

const codecs = new Codecs();

/** Renders frame `n` of a fixture and gives its samples as numbers. */
export async function rendered(
  dir: string,
  fixture: Fixture,
  n = 1,
  options: Partial<RenderOptions> = {},
): Promise<number[]> {
  const image = await openImage(await writeFixture(dir, fixture));
  const picture = await renderPicture(image, n, codecs, { mediaType: 'image/png', ...options });
  return [...picture.data];
}

/** A fixture of one row of 16-bit samples. */
export function row16(
  values: number[],
  attributes: Dataset = {},
  changes: Parameters<typeof pixelOf>[0] = {},
): Fixture {
  const pixel = pixelOf({ rows: 1, columns: values.length, bitsAllocated: 16, bitsStored: 16, ...changes });
  const frame = Buffer.from(Uint16Array.from(values, (value) => value & 0xffff).buffer);
  return { pixel, frames: [frame], attributes };
}

/** A DS attribute. */
export const ds = (...values: number[]): Dataset[string] => ({ vr: 'DS', Value: values });
/** A CS attribute. */
export const cs = (value: string): Dataset[string] => ({ vr: 'CS', Value: [value] });
/** A US attribute. */
export const us = (...values: number[]): Dataset[string] => ({ vr: 'US', Value: values });
/** A sequence attribute. */
export const sq = (...items: Dataset[]): Dataset[string] => ({ vr: 'SQ', Value: items });
/** Window Center and Width, with a VOI LUT Function where one is named. */
export const window = (center: number, width: number, name?: string): Dataset => ({
  '00281050': ds(center),
  '00281051': ds(width),
  ...(name !== undefined && { '00281056': cs(name) }),
});
