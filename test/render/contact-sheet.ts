// Renders the first frame of every image in a folder onto one page, to be looked at:
// `node test/render/contact-sheet.ts FOLDER OUT` writes OUT/sheet-N.png and OUT/index.html.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { DicomError } from '../../src/dimse/errors.ts';
import { createRenderer, type Renderer } from '../../src/render/render.ts';

const CELL = 150;
const CAPTION = 24;
const COLUMNS = 10;
const ROWS = 7;

type Cell = { name: string; picture?: Buffer; error?: string };

async function renderCell(renderer: Renderer, dir: string, name: string): Promise<Cell> {
  try {
    const viewport = { width: CELL - 4, height: CELL - 4 };
    const { bytes } = await renderer.render(join(dir, name), 1, { mediaType: 'image/png', viewport });
    return { name, picture: bytes };
  } catch (error) {
    if (error instanceof DicomError) return { name, error: `${error.kind}: ${error.message}` };
    throw error;
  }
}

const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

function caption({ name, error }: Cell): Buffer {
  const lines = [
    name.slice(0, 26),
    name.replace(/\.dcm$/, '').slice(-26),
    ...(error ? [error.slice(0, 26), error.slice(26, 54)] : []),
  ];
  const text = lines.map((line, index) => {
    const y = index < 2 ? CELL + 9 + 11 * index : 60 + 12 * index;
    return `<text x="2" y="${y}" font-size="9" fill="${index < 2 ? '#fff' : '#f66'}">${escaped(line)}</text>`;
  });
  return Buffer.from(`<svg width="${CELL}" height="${CELL + CAPTION}" font-family="sans-serif">${text.join('')}</svg>`);
}

async function sheet(cells: Cell[]): Promise<Buffer> {
  const layers = cells.flatMap((cell, index) => {
    const left = (index % COLUMNS) * CELL;
    const top = Math.floor(index / COLUMNS) * (CELL + CAPTION);
    const text = { input: caption(cell), left, top };
    return cell.picture ? [{ input: cell.picture, left: left + 2, top: top + 2 }, text] : [text];
  });
  const width = COLUMNS * CELL;
  const height = Math.ceil(cells.length / COLUMNS) * (CELL + CAPTION);
  return sharp({ create: { width, height, channels: 3, background: '#246' } })
    .composite(layers)
    .png()
    .toBuffer();
}

const [dir, out] = process.argv.slice(2);
if (!dir || !out) throw new Error('Usage: contact-sheet.ts FOLDER OUT');
mkdirSync(out, { recursive: true });
const renderer = createRenderer();
const cells: Cell[] = [];
for (const name of readdirSync(dir).filter((file) => file.endsWith('.dcm'))) {
  cells.push(await renderCell(renderer, dir, name));
}
await renderer.close();
const images = cells.filter(({ error }) => !error?.startsWith('not-acceptable: The instance has no pixel data'));
const pages: string[] = [];
for (let from = 0; from < images.length; from += COLUMNS * ROWS) {
  const file = `sheet-${pages.length + 1}.png`;
  writeFileSync(join(out, file), await sheet(images.slice(from, from + COLUMNS * ROWS)));
  pages.push(`<img src="${file}">`);
}
writeFileSync(join(out, 'index.html'), `<!doctype html><title>Contact sheet</title>${pages.join('<br>')}\n`);
console.log(
  `${images.length} images, ${images.filter(({ error }) => error).length} not rendered, ${pages.length} pages in ${out}`,
);
for (const { name, error } of images) if (error) console.log(`${name}\t${error}`);
