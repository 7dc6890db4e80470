// The palettes that have a UID of their own (PS3.6 Annex B), which images and presentation states may name in place of tables.

import type { LookupTable } from '../gray/voi.ts';

/** Red, green and blue of 256 entries, as `index:value` of the points between which they run straight. */
const POINTS: Readonly<Record<string, readonly [red: string, green: string, blue: string]>> = {
  '1.2.840.10008.1.5.1': [
    // Hot Iron
    '0:0 127:254 129:255 255:255',
    '0:0 128:0 254:252 255:255',
    '0:0 191:0 254:252 255:255',
  ],
  '1.2.840.10008.1.5.2': [
    // PET
    '0:0 63:0 64:1 149:170 150:171 192:255 255:255',
    '0:0 31:62 33:67 62:125 63:128 95:64 97:61 127:1 128:0 254:252 255:255',
    '0:0 1:1 128:255 130:248 192:0 233:165 235:174 254:250 255:255',
  ],
  '1.2.840.10008.1.5.3': [
    // Hot Metal Blue
    '0:0 85:0 102:50 119:90 153:190 170:255 255:255',
    '0:0 119:0 238:224 255:255',
    '0:0 17:33 42:83 43:84 76:149 93:183 94:184 102:200 119:150 136:50 153:0 170:0 238:200 255:255',
  ],
  '1.2.840.10008.1.5.4': [
    // PET 20 Step
    '0:0 12:0 13:96 25:96 26:48 50:48 51:80 63:80 64:96 76:96 77:112 89:112 90:128 101:128 102:48 127:48 ' +
      '128:80 140:80 141:64 152:64 153:224 165:224 166:208 203:208 204:192 216:192 217:176 229:176 230:255 ' +
      '255:255',
    '0:0 25:0 26:48 50:48 51:80 63:80 64:96 76:96 77:112 89:112 90:128 101:128 102:96 114:96 115:144 ' +
      '127:144 128:192 140:192 141:224 165:224 166:208 178:208 179:176 191:176 192:144 203:144 204:96 ' +
      '216:96 217:48 229:48 230:0 242:0 243:255 255:255',
    '0:0 12:0 13:80 38:80 39:112 50:112 51:128 63:128 64:176 76:176 77:192 89:192 90:224 101:224 102:48 ' +
      '127:48 128:80 140:80 141:64 152:64 153:80 165:80 166:96 178:96 179:64 191:64 192:0 242:0 243:255 ' +
      '255:255',
  ],
  '1.2.840.10008.1.5.5': [
    // Spring
    '0:255 255:255',
    '0:0 255:255',
    '0:255 255:0',
  ],
  '1.2.840.10008.1.5.6': [
    // Summer
    '0:0 255:0',
    '0:255 255:128',
    '0:0 127:0 255:254',
  ],
  '1.2.840.10008.1.5.7': [
    // Fall
    '0:255 255:255',
    '0:255 255:0',
    '0:0 255:0',
  ],
  '1.2.840.10008.1.5.8': [
    // Winter
    '0:0 127:0 255:127',
    '0:0 255:255',
    '0:255 255:128',
  ],
};

/** The palette of a UID; undefined for one that is not known. */
export function wellKnownPalette(uid: string): [LookupTable, LookupTable, LookupTable] | undefined {
  const points = POINTS[uid];
  return points && [tableThrough(points[0]), tableThrough(points[1]), tableThrough(points[2])];
}

function tableThrough(text: string): LookupTable {
  const points = text.split(' ').map((point) => point.split(':').map(Number));
  const entries = new Uint8Array(256);
  for (const [index, [to = 0, end = 0]] of points.entries()) {
    const [from = to, start = end] = points[index - 1] ?? [];
    for (let at = from; at <= to; at += 1) {
      entries[at] = to === from ? end : Math.floor(start + ((end - start) * (at - from)) / (to - from) + 0.5);
    }
  }
  return { first: 0, bits: 8, entries };
}
