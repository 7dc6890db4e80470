// ICC profiles of RGB spaces that have only primaries and a gamma (ICC.1:2001-04, three-component matrix-based display
// profiles): written here, so that none has to be shipped.

/** An RGB space: XYZ of its primaries, adapted to D50, and the exponent of its transfer curve. */
export type RgbSpace = {
  name: string;
  red: readonly [number, number, number];
  green: readonly [number, number, number];
  blue: readonly [number, number, number];
  gamma: number;
};

/** The spaces that `iccprofile` names beside sRGB and Display P3 (PS3.18 8.3.5.1.5). */
export const ADOBE_RGB: RgbSpace = {
  name: 'Compatible with Adobe RGB (1998)',
  red: [0.60974, 0.31111, 0.01947],
  green: [0.20528, 0.62567, 0.06087],
  blue: [0.14919, 0.06322, 0.74457],
  gamma: 563 / 256,
};
export const ROMM_RGB: RgbSpace = {
  name: 'ROMM RGB (ISO 22028-2)',
  red: [0.79767, 0.28804, 0],
  green: [0.13519, 0.71188, 0],
  blue: [0.03134, 0.00008, 0.82491],
  gamma: 1.8,
};

const HEADER = 128;
const VERSION = 0x02400000;
const D50 = [0.9642, 1, 0.82491] as const;

/** The profile of a space. */
export function writeProfile({ name, red, green, blue, gamma }: RgbSpace): Buffer {
  const curve = Buffer.concat([signed('curv'), u32(1), u16(Math.round(gamma * 256))]);
  const tags: [signature: string, data: Buffer][] = [
    ['desc', description(name)],
    ['cprt', Buffer.concat([signed('text'), Buffer.from('No copyright\0', 'latin1')])],
    ['wtpt', xyz(D50)],
    ['rXYZ', xyz(red)],
    ['gXYZ', xyz(green)],
    ['bXYZ', xyz(blue)],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ];
  let offset = HEADER + 4 + 12 * tags.length;
  const entries: Buffer[] = [u32(tags.length)];
  const bodies: Buffer[] = [];
  for (const [signature, data] of tags) {
    entries.push(Buffer.from(signature, 'latin1'), u32(offset), u32(data.length));
    const padded = Buffer.concat([data, Buffer.alloc(-data.length & 3)]);
    bodies.push(padded);
    offset += padded.length;
  }
  return Buffer.concat([header(offset), ...entries, ...bodies]);
}

function header(size: number): Buffer {
  const bytes = Buffer.alloc(HEADER);
  bytes.writeUInt32BE(size, 0);
  bytes.writeUInt32BE(VERSION, 8);
  bytes.write('mntrRGB XYZ ', 12, 'latin1');
  bytes.writeUInt16BE(2026, 24);
  bytes.writeUInt16BE(1, 26);
  bytes.writeUInt16BE(1, 28);
  bytes.write('acsp', 36, 'latin1');
  for (const [index, value] of D50.entries()) bytes.writeInt32BE(fixed(value), 68 + 4 * index);
  return bytes;
}

/** A type's signature and its four reserved bytes. */
function signed(type: string): Buffer {
  return Buffer.from(`${type}\0\0\0\0`, 'latin1');
}

function xyz(values: readonly number[]): Buffer {
  return Buffer.concat([signed('XYZ '), ...values.map((value) => u32(fixed(value)))]);
}

/** The ASCII name; the Unicode and ScriptCode ones that the type also has are empty. */
function description(name: string): Buffer {
  const text = Buffer.from(`${name}\0`, 'latin1');
  return Buffer.concat([signed('desc'), u32(text.length), text, Buffer.alloc(4 + 4 + 2 + 1 + 67)]);
}

/** s15Fixed16Number. */
function fixed(value: number): number {
  return Math.round(value * 65536);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
