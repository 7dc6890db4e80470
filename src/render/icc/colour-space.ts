// A picture into the colour space asked for, with that space's profile in it (PS3.18 8.3.5.1.5), by sharp and its lcms.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { IccProfile } from '../options.ts';
import { ADOBE_RGB, type RgbSpace, ROMM_RGB, writeProfile } from './write-profile.ts';

/** Spaces whose profiles sharp has, by its names for them. */
const BUILT_IN: Readonly<Record<string, string>> = { srgb: 'srgb', displayp3: 'p3' };
const WRITTEN: Readonly<Record<string, RgbSpace>> = { adobergb: ADOBE_RGB, rommrgb: ROMM_RGB };

/**
 * Encodes a picture in a colour space. `source` is the profile that its colours are in, sRGB without; `stored` keeps them in
 * it as they are. Between two other spaces sharp goes by way of sRGB, to whose gamut colours are then clipped.
 */
export async function encodedIn(
  space: IccProfile,
  picture: Sharp,
  source: Uint8Array | undefined,
  encode: (image: Sharp) => Promise<Buffer>,
): Promise<Buffer> {
  const rgb = picture.toColourspace('srgb');
  const known = source ? sharp(await carrying(rgb, source)) : rgb;
  if (space === 'stored') return encode(source ? known.keepIccProfile() : known.withIccProfile('srgb'));
  const builtIn = BUILT_IN[space];
  if (builtIn) return encode(known.withIccProfile(builtIn));
  return withProfileFile(WRITTEN[space] ?? ADOBE_RGB, (path) => encode(known.withIccProfile(path)));
}

/** Sharp takes a profile from a file only. */
async function withProfileFile(space: RgbSpace, use: (path: string) => Promise<Buffer>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'icc-'));
  try {
    const path = join(folder, 'profile.icc');
    await writeFile(path, writeProfile(space));
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SIGNATURE_AND_IHDR = 33;

/** The picture as PNG with its own profile in an iCCP chunk (PNG 11.3.2.3), which is how sharp is told of one. */
async function carrying(picture: Sharp, profile: Uint8Array): Promise<Buffer> {
  const png = await picture.png({ compressionLevel: 0 }).toBuffer();
  const body = Buffer.concat([Buffer.from('iCCPicc\0\0', 'latin1'), deflateSync(profile)]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([png.subarray(0, SIGNATURE_AND_IHDR), length, body, check, png.subarray(SIGNATURE_AND_IHDR)]);
}
