// A video that is asked for again, as players do for each range: how often ffmpeg was started for it.

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RenderOptions } from '../../../src/render/options.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { fixtureFolder, pixelOf, samples, writeFixture } from '../fixtures.ts';

const dir = fixtureFolder();
const OPTIONS: RenderOptions = { mediaType: 'image/png' };
const MiB = 1024 * 1024;

/** An ffmpeg that makes videos of `bytes` bytes, and how often it was started. */
function counting(name: string, bytes: number): { command: string; starts(): number } {
  const [command, log] = [join(dir, name), join(dir, `${name}.log`)];
  writeFileSync(log, '');
  const script = `echo >> ${log}\ncat > /dev/null\nfor last; do :; done\nhead -c ${bytes} /dev/zero > "$last"`;
  writeFileSync(command, `#!/bin/sh\n${script}\n`);
  chmodSync(command, 0o700);
  return { command, starts: () => readFileSync(log).length };
}

const loop = (): Promise<string> =>
  writeFixture(dir, { frames: [samples(pixelOf(), 1), samples(pixelOf(), 2)], attributes: {} });

test('a video is made once for who asks again, for each set of options and each state of the file', async () => {
  const { command, starts } = counting('small', 5 * MiB);
  const renderer = createRenderer({ threads: 1, ffmpeg: command });
  try {
    const path = await loop();
    const first = await renderer.movie(path, OPTIONS);
    assert.equal(first.length, 5 * MiB);
    assert.deepEqual(await renderer.movie(path, { ...OPTIONS }), first);
    assert.equal(starts(), 1);
    await renderer.movie(path, { ...OPTIONS, quality: 50 });
    assert.equal(starts(), 2);
    utimesSync(path, 1, 1);
    await renderer.movie(path, OPTIONS);
    assert.equal(starts(), 3);
    await renderer.movie(await loop(), OPTIONS);
    assert.equal(starts(), 4);
  } finally {
    await renderer.close();
  }
});

test('videos are held up to 64 MiB together; a larger one is made each time', async () => {
  const [half, large] = [counting('half', 30 * MiB), counting('large', 65 * MiB)];
  const renderer = createRenderer({ threads: 1, ffmpeg: half.command });
  const other = createRenderer({ threads: 1, ffmpeg: large.command });
  try {
    const paths = [await loop(), await loop(), await loop()] as const;
    for (const path of [...paths, paths[2], paths[1], paths[0]]) await renderer.movie(path, OPTIONS);
    assert.equal(half.starts(), 4, 'the one asked for longest ago has gone');
    for (const _ of [1, 2]) await other.movie(paths[0], OPTIONS);
    assert.equal(large.starts(), 2);
  } finally {
    await Promise.all([renderer.close(), other.close()]);
  }
});

test('a video that could not be made is not held', async () => {
  const { command, starts } = counting('none', 1);
  writeFileSync(command, readFileSync(command, 'utf8').replace('cat >', 'cat > /dev/null; exit 1 #'));
  const renderer = createRenderer({ threads: 1, ffmpeg: command });
  try {
    const path = await loop();
    for (const _ of [1, 2]) await assert.rejects(renderer.movie(path, OPTIONS), { kind: 'not-acceptable' });
    assert.equal(starts(), 2);
  } finally {
    await renderer.close();
  }
});
