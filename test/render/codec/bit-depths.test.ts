// How many bits a codestream may have (PS3.5 8.2): what a decoder cannot bring out whole is refused, never cut off. The
// codestream is OpenJPEG's own (opj_compress), since no encoder here takes colour of 16 bits.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Jpeg2000Lossless } from '../../../src/dimse/data/transfer-syntax.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());

const RGB_16 = pixelOf({
  rows: 8,
  columns: 8,
  samplesPerPixel: 3,
  photometric: 'YBR_RCT',
  bitsAllocated: 16,
  bitsStored: 16,
});
/** Random samples, 16 bits big endian by plane, and their codestream. */
const PLANES =
  'RMsgT4KYPF/9qeYj8crCXGt/MA75yA6Dx5XdkwEU5AmIXHUgNFeihg+pC20NBwS2wy1u5tgfDt5xgeAy/dt3VrD/djRwBOtRlF4LANUVMzNfL5fAPeWqV9geYTObU5F9/6zJZRGt9eB8SM7+1CBYlLv3v9ksReC/N0JT0MlYvbX6uQ8k8EoWQ533yYVXOFZRdDEGTGYndt/PFLAJtODrE4neAuzEckIsaTXaKBy89lK6vmZR06n4SLat1C+xMQDPqYrqkg5SdY5au1yPLuaCtRCeJBIqnQiL5+8HdI/5f8aJizgOXoWwWJSgI5dVvlG6gqtWF4u7lsfozqTd/jTykjp3DBmfv8Xqr8rXgmBGhE83r4HFaw3dAQqoc2QJJctsSv0SFlIJ5C7ac3Dy5tVyRg+3yjCketpDHhmY4kBZbJwYSpzeJDYnI57nmINRANUUgTVCwgRXE2lvaOv0V9ETKcGFZpuxoDKzaVndq2Nj/BU1d8e2l5b/5QjOppPN/ZAN';
const CODESTREAM =
  '/0//UQAvAAAAAAAIAAAACAAAAAAAAAAAAAAACAAAAAgAAAAAAAAAAAADDwEBDwEBDwEB/1IADAAAAAEBAQQEAAH/XAAHQICIiJD/ZAAlAAFDcmVhdGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjD/kAAKAAAAAAHtAAH/k8f+DEIQ8QugPzlnfP67nwp8FxL2Jdf9n2a9W1w2UyGVbdieJb/P/DCMEXwaVirUY4K9ruEAcrFPxzdNsGE/yndTSoYm/BAanxOza0/f+JEYA/AaA1nCYk+BlI0dXCzSCCLDl2yLnjQg1gAQNfSV+LZVWd/P/EiOP/DCOP9iREASCU9I+U5ff5Qup7w+wCJMiuThUYbSHy1gOewWH6aFQxHKvweF45MOyGwViZ1f3DJAanthmUU+0UDs4SQCbwfAwGwBRuRfICw/XABIbkwiJySH3aUwSbDg92/4jTQNBnTmCsM9ZbPzv8/8SJp/4kTT/wwTABOMgx0XgMv/E+deIg7Mu6P5mbG494Bd/JyaXf8aLPBehvHMuql/CeU+Svz29+DLiQC6hA6QiD6GWP3a4Itwa74tUpsmsxOS6dXFWr8ZwTnucq+kI+DAw0qgyMaNKsaSxsEtNMjqjLkcLe69Ux8oWCY3c8/8SI5/4kSz/wwTAA4JSy3OoTvs4DILEYk5foptZGHztIcf6TwHa+upPe3bZdYtF/dnoELw96KSbBi++aEtR6EUKHfw8bc9SEJ7s8R4J7Su3R8REhcHbzMVF+NXuWobtjc9xf8ChUfreq1abXjuD7AdwMtKVJSGFKMb/9k=';

test('R-13 JPEG 2000: RGB of 16 bits comes out to the last bit', async () => {
  const planes = Buffer.from(PLANES, 'base64').swap16();
  const expected = Buffer.alloc(planes.length);
  for (let at = 0; at < 3 * 64; at += 1) {
    expected.writeUInt16LE(planes.readUInt16LE(2 * at), 2 * (3 * (at % 64) + Math.floor(at / 64)));
  }
  const codestreams = [Buffer.from(CODESTREAM, 'base64')];
  const path = await writeFixture(dir, { transferSyntaxUid: Jpeg2000Lossless, pixel: RGB_16, frames: [], codestreams });
  const { bytes, photometricInterpretation } = await renderer.decode(path, 1);
  assert.equal(photometricInterpretation, 'RGB');
  assert.deepEqual(bytes, expected);
});

test('R-13 JPEG 2000: what has more than 16 bits is refused, not cut to its low ones', async () => {
  const codestream = Buffer.from(CODESTREAM, 'base64');
  // Ssiz of each component (ISO 15444-1 A.5.1), behind SOC, the SIZ marker and its 38 bytes up to Csiz.
  for (let component = 0; component < 3; component += 1) codestream[42 + 3 * component] = 24 - 1;
  const pixel = { ...RGB_16, bitsAllocated: 32, bitsStored: 24, highBit: 23 };
  const path = await writeFixture(dir, {
    transferSyntaxUid: Jpeg2000Lossless,
    pixel,
    frames: [],
    codestreams: [codestream],
  });
  await assert.rejects(renderer.decode(path, 1), { kind: 'not-acceptable', message: /24 bits/ });
});

test('R-13 JPEG 2000: samples of 32 bits are not encoded', async () => {
  const pixel = pixelOf({ bitsAllocated: 32, bitsStored: 32 });
  const path = await writeFixture(dir, { pixel, frames: [samples(pixel)] });
  await assert.rejects(renderer.encode(path, 1, Jpeg2000Lossless), { kind: 'not-acceptable', field: 'BitsAllocated' });
});
