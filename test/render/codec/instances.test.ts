// When an instance of a codec is replaced: at once after a trap, which may have left anything, and after so many reported errors
// or bytes of broken frames as it may keep.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DicomError } from '../../../src/dimse/errors.ts';
import { Codecs } from '../../../src/render/codec/wasm.ts';
import { pixelOf } from '../fixtures.ts';

const small = pixelOf();
const REPORTED: [what: string, cause: unknown][] = [
  ['a number, as CharLS throws them', 5_251_400],
  ['an error of our own', new DicomError('corrupt', 'The decoder produced a frame of the wrong length')],
];

for (const name of ['charls', 'openjpeg', 'openjph', 'dcmjs'] as const) {
  test(`${name}: a trap costs the instance`, async () => {
    const codecs = new Codecs();
    const before = await codecs[name]();
    codecs.failed(name, new Error('unreachable'), small);
    assert.notEqual(await codecs[name](), before);
  });

  for (const [what, cause] of REPORTED) {
    test(`${name}: ${what} does not, but sixteen of them do`, async () => {
      const codecs = new Codecs();
      const before = await codecs[name]();
      for (let errors = 1; errors < 16; errors += 1) codecs.failed(name, cause, small);
      assert.equal(await codecs[name](), before);
      codecs.failed(name, cause, small);
      assert.notEqual(await codecs[name](), before);
      codecs.failed(name, cause, small);
      assert.equal(await codecs[name](), await codecs[name]());
    });
  }
}

test('one broken frame of many bytes is enough', async () => {
  const codecs = new Codecs();
  const before = await codecs.openjpeg();
  codecs.failed('openjpeg', 1, pixelOf({ rows: 4096, columns: 4096 }));
  assert.notEqual(await codecs.openjpeg(), before);
});

test('two instances of dcmjs-codecs are apart: what one knows is not taken from the other', async () => {
  const [one, other] = await Promise.all([new Codecs().dcmjs(), new Codecs().dcmjs()]);
  one.NativeCodecs.release();
  assert.deepEqual([one.NativeCodecs.isInitialized(), other.NativeCodecs.isInitialized()], [false, true]);
});

test('an error of dcmjs-codecs takes its stack back: thousands do not reach what lies below it', async () => {
  const { NativeCodecs, Context } = await new Codecs().dcmjs();
  const memory = (): number => process.memoryUsage().rss;
  const noise = Uint8Array.from({ length: 400 }, (_, at) => (at * 37) & 0xff);
  const before = memory();
  for (let run = 0; run < 3000; run += 1) {
    const context = new Context({
      width: 8,
      height: 8,
      bitsAllocated: 8,
      bitsStored: 8,
      samplesPerPixel: 1,
      pixelRepresentation: 0,
      planarConfiguration: 0,
      photometricInterpretation: 'MONOCHROME2',
      encodedBuffer: noise,
    });
    assert.throws(() => NativeCodecs.decodeJpeg(context, {}), DicomError);
  }
  assert.ok(memory() - before < 300_000_000);
});
