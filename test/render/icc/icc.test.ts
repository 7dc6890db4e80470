// ICC profiles of rendered pictures (PS3.18 8.3.5.1.5): which colour space a picture is in, and which profile it carries.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import sharp from 'sharp';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { JpegBaseline } from '../../../src/dimse/data/transfer-syntax.ts';
import { ADOBE_RGB, ROMM_RGB, writeProfile } from '../../../src/render/icc/write-profile.ts';
import type { IccProfile, RenderOptions } from '../../../src/render/options.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf, writeFixture } from '../fixtures.ts';
import { sq, window } from '../pictures.ts';
import { COLOUR, writeState } from '../presentation/states.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const RGB = pixelOf({ rows: 1, columns: 4, samplesPerPixel: 3, photometric: 'RGB' });
const COLOURS = Buffer.from([255, 0, 0, 0, 255, 0, 128, 128, 128, 200, 100, 50]);
const icc = (profile: Buffer): Dataset => ({ '00282000': { vr: 'OB', InlineBinary: profile } });
const adobe = writeProfile(ADOBE_RGB);

/** The samples of a picture as they are, and the description of its profile. */
async function read(
  bytes: Buffer,
): Promise<{ samples: number[]; profile: string | undefined; icc: Buffer | undefined }> {
  const metadata = await sharp(bytes).metadata();
  const samples = [...(await sharp(bytes, { ignoreIcc: true }).removeAlpha().raw().toBuffer())];
  const text = metadata.icc?.toString('latin1') ?? '';
  const profile = /Adobe RGB|ROMM RGB|Display P3|sRGB|sP3/.exec(text.replaceAll('\0', ''))?.[0];
  return { samples, profile: metadata.icc ? (profile ?? 'another') : undefined, icc: metadata.icc };
}

async function shown(attributes: Dataset, iccProfile?: IccProfile, options: Partial<RenderOptions> = {}) {
  const path = await writeFixture(dir, { pixel: RGB, frames: [COLOURS], attributes });
  const { bytes } = await renderer.render(path, 1, {
    mediaType: 'image/png',
    ...(iccProfile && { iccProfile }),
    ...options,
  });
  return read(bytes);
}

function near(actual: number[], expected: number[], tolerance = 2): void {
  const far = actual.some((value, index) => Math.abs(value - (expected[index] ?? -1)) > tolerance);
  assert.ok(!far && actual.length === expected.length, `${actual} is not ${expected}`);
}

/** IEC 61966-2-1 to Adobe RGB (1998) 4.3.4 and ROMM RGB, both computed here from their definitions. */
const linear = (v: number): number => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
const TO_ADOBE = [
  [0.71513, 0.28487, 0],
  [0, 1, 0],
  [0, 0.04117, 0.95883],
];
const TO_ROMM = [
  [0.5293, 0.3301, 0.1406],
  [0.0984, 0.8735, 0.0281],
  [0.0169, 0.1176, 0.8655],
];
function converted(matrix: number[][], gamma: number): number[] {
  const pixels = [0, 3, 6, 9].map((at) => [...COLOURS.subarray(at, at + 3)].map(linear));
  return pixels.flatMap((rgb) =>
    matrix.map((row) =>
      Math.round(255 * row.reduce((sum, part, index) => sum + part * (rgb[index] ?? 0), 0) ** (1 / gamma)),
    ),
  );
}

test('W-Q9 adobergb: the pixels are converted and the profile is embedded', async () => {
  const { samples, profile } = await shown({}, 'adobergb');
  near(samples, converted(TO_ADOBE, 563 / 256));
  assert.equal(profile, 'Adobe RGB');
});

test('W-Q9 rommrgb', async () => {
  const { samples, profile } = await shown({}, 'rommrgb');
  near(samples, converted(TO_ROMM, 1.8), 3);
  assert.equal(profile, 'ROMM RGB');
});

test('W-Q9 srgb and displayp3 carry their profiles', async () => {
  near((await shown({}, 'srgb')).samples, [...COLOURS], 1);
  const p3 = await shown({}, 'displayp3');
  near(p3.samples.slice(0, 3), [234, 51, 35]);
  assert.ok(p3.icc);
});

for (const mediaType of ['image/png', 'image/jpeg', 'image/webp'] as const) {
  test(`W-Q9 ${mediaType} carries a profile`, async () => {
    assert.equal((await shown({}, 'adobergb', { mediaType })).profile, 'Adobe RGB');
  });
}

test("W-Q8, R-59 yes keeps the image's colours and embeds the image's own profile", async () => {
  const { samples, icc: carried } = await shown(icc(adobe), 'stored');
  assert.deepEqual(samples, [...COLOURS]);
  assert.ok(carried?.equals(adobe));
});

test("W-Q8, R-59 a named space is converted to from the image's own profile", async () => {
  // The grey of a gamma of 2.2 is nearly that of sRGB; Adobe's green is outside of it.
  const { samples: srgb } = await shown(icc(adobe), 'srgb');
  near(srgb.slice(6, 9), [128, 128, 128], 2);
  assert.deepEqual(srgb.slice(3, 6), [0, 255, 0]);
});

test('W-Q8, R-59 the profile of the optical path of the frame', async () => {
  const path = (name: string, profile: Buffer): Dataset => ({
    '00480106': { vr: 'SH', Value: [name] },
    ...icc(profile),
  });
  const attributes = {
    '00480105': sq(path('1', writeProfile(ROMM_RGB)), path('2', adobe)),
    '52009229': sq({ '00480207': sq({ '00480106': { vr: 'SH', Value: ['2'] } }) }),
  };
  assert.ok((await shown(attributes, 'stored')).icc?.equals(adobe));
});

test('W-Q8 the profile in a JPEG codestream', async () => {
  const segment = Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), adobe]);
  const marker = Buffer.from([0xff, 0xe2, (segment.length + 2) >> 8, (segment.length + 2) & 0xff]);
  const pixel = pixelOf({ rows: 8, columns: 8, samplesPerPixel: 3, photometric: 'YBR_FULL_422' });
  const plain = await sharp(Buffer.alloc(192, 90), { raw: { width: 8, height: 8, channels: 3 } })
    .jpeg()
    .toBuffer();
  const jpeg = Buffer.concat([plain.subarray(0, 2), marker, segment, plain.subarray(2)]);
  const path = await writeFixture(dir, { pixel, frames: [], codestreams: [jpeg], transferSyntaxUid: JpegBaseline });
  const { bytes } = await renderer.render(path, 1, { mediaType: 'image/png', iccProfile: 'stored' });
  assert.ok((await read(bytes)).icc?.equals(adobe));
});

test('W-Q8 without any profile yes is sRGB', async () => {
  const { samples, icc: carried } = await shown({}, 'stored');
  near(samples, [...COLOURS], 1);
  assert.ok(carried?.toString('latin1', 16, 20) === 'RGB ');
});

test('W-Q8 what is no profile is not embedded', async () => {
  const { samples, icc: carried } = await shown(icc(Buffer.alloc(200, 7)), 'stored');
  near(samples, [...COLOURS], 1);
  assert.equal(carried?.toString('latin1', 36, 40), 'acsp');
});

test('W-Q17 without iccprofile, and with no, colours are as stored and carry no profile', async () => {
  for (const space of [undefined, 'none'] as const) {
    const { samples, icc: carried } = await shown(icc(adobe), space);
    assert.deepEqual([samples, carried], [[...COLOURS], undefined]);
  }
});

for (const mediaType of ['image/png', 'image/jpeg'] as const) {
  test(`R-60 a grey picture becomes RGB where a profile is asked for: ${mediaType}`, async () => {
    const path = await writeFixture(dir, {
      pixel: pixelOf(),
      frames: [new Uint8Array(192).fill(100)],
      attributes: window(128, 256),
    });
    const { bytes } = await renderer.render(path, 1, { mediaType, iccProfile: 'stored' });
    const { samples, icc: carried } = await read(bytes);
    assert.ok(carried);
    near(samples.slice(0, 3), [100, 100, 100], 1);
    assert.equal(samples.length, 192 * 3);
  });
}

test("W-Q14 a presentation state's profile goes with its picture, unless no is said", async () => {
  const image = await writeFixture(dir, { pixel: RGB, frames: [COLOURS] });
  const state = await writeState(dir, image, icc(adobe), COLOUR);
  const { samples, icc: carried } = await read(
    (await renderer.present(state, image, 1, { mediaType: 'image/png' })).bytes,
  );
  assert.deepEqual(samples, [...COLOURS]);
  assert.ok(carried?.equals(adobe));
  const none = await renderer.present(state, image, 1, { mediaType: 'image/png', iccProfile: 'none' });
  assert.equal((await read(none.bytes)).icc, undefined);
});
