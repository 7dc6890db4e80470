// A picture for the thumbnail of what has none: a sheet of paper with a word on it.

import sharp from 'sharp';
import type { Picture } from '../picture.ts';
import type { Typeface } from './typeface.ts';

const SIDE = 128;
const WORD = 32;

/** Draws the sheet with `word` on it, which should have at most five letters. */
export async function iconOf(word: string, typeface: Typeface): Promise<Picture> {
  const place = { x: SIDE / 2, y: SIDE / 2 + 20, size: WORD, fill: '#222', anchor: 'middle' } as const;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">
<rect width="100%" height="100%" fill="#000"/>
<path d="M20 4H84L108 28V124H20Z" fill="#ddd"/><path d="M84 4V28H108Z" fill="#999"/>
${typeface.draw(word, place)}
</svg>`;
  const data = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
  const size = { width: SIDE, height: SIDE };
  return { ...size, source: size, channels: 3, data };
}
