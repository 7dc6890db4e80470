// Parametric maps in colour (PS3.3 C.7.6.16.2.26): a range of stored values, floats or integers, over a whole palette.

import { Tag } from '../../dimse/data/tags.ts';
import { groupOf, numberOf, textOf } from '../attributes.ts';
import type { Frame } from '../codec/decode.ts';
import type { Image } from '../frames/image.ts';
import { samplesOf } from '../gray/samples.ts';
import type { LookupTable } from '../gray/voi.ts';
import { type Palette, readPalette } from './palette.ts';

const STORED_VALUE_COLOR_RANGE_SEQUENCE = '00281230';
const MINIMUM_STORED_VALUE_MAPPED = '00281231';
const MAXIMUM_STORED_VALUE_MAPPED = '00281232';

/** RGB of a frame whose Pixel Presentation is COLOR_RANGE; undefined for others, and where range or palette are missing. */
export function renderColourRange({ attributes }: Image, frame: Frame, n: number): Uint8Array | undefined {
  if (textOf(attributes, Tag.PixelPresentation) !== 'COLOR_RANGE') return undefined;
  const group = groupOf(attributes, n, STORED_VALUE_COLOR_RANGE_SEQUENCE);
  const low = numberOf(group, MINIMUM_STORED_VALUE_MAPPED);
  const high = numberOf(group, MAXIMUM_STORED_VALUE_MAPPED);
  const palette = readPalette(attributes, false);
  if (low === undefined || high === undefined || !(high > low) || !palette) return undefined;
  return coloured(frame, low, high, palette);
}

/** Values beyond either end are those at the end; what is no number is black. */
function coloured(frame: Frame, low: number, high: number, palette: Palette): Uint8Array {
  const { cells, unpack } = samplesOf(frame);
  const values = new Float64Array(cells.length);
  unpack(cells, values);
  const result = new Uint8Array(cells.length * 3);
  for (let index = 0; index < values.length; index += 1) {
    const share = Math.min(1, Math.max(0, ((values[index] ?? 0) - low) / (high - low)));
    if (Number.isNaN(share)) continue;
    for (const [channel, table] of palette.entries()) result[3 * index + channel] = Math.round(between(table, share));
  }
  return result;
}

/** The entry at a share of the table's length, between two of them the value between theirs. */
function between({ entries }: LookupTable, share: number): number {
  const place = share * (entries.length - 1);
  const before = Math.floor(place);
  const [low, high] = [entries[before] ?? 0, entries[before + 1] ?? entries[before] ?? 0];
  return low + (high - low) * (place - before);
}
