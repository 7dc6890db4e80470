// A multi-frame image as a video, taken apart again by ffmpeg; and what becomes of the process when nobody waits for it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import type { RenderOptions } from '../../../src/render/options.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { requirePeer } from '../../support/peer.ts';
import { type Fixture, fixtureFolder, pixelOf, writeFixture } from '../fixtures.ts';
import { ds } from '../pictures.ts';

const FFMPEG = requirePeer('ffmpeg');
const dir = fixtureFolder();
const renderer = createRenderer({ threads: 2, ffmpeg: FFMPEG });
after(() => renderer.close());

const OPTIONS: RenderOptions = { mediaType: 'image/png' };

/** Frames that are each of one level, `step` apart. */
function loop(frames: number, attributes: Dataset = {}, columns = 32, rows = 24, step = 20): Fixture {
  const pixel = pixelOf({ rows, columns });
  return {
    pixel,
    frames: Array.from({ length: frames }, (_, n) => new Uint8Array(rows * columns).fill(n * step)),
    attributes: { '00281050': ds(128), '00281051': ds(256), ...attributes },
  };
}

/** What ffprobe says of the one stream of a video. */
function probe(video: Buffer): Record<string, string> {
  const path = join(dir, 'probe.mp4');
  writeFileSync(path, video);
  const entries = 'stream=codec_name,width,height,r_frame_rate,pix_fmt,color_space,nb_read_frames';
  const args = ['-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'default=nw=1', path];
  const lines = execFileSync(requirePeer('ffprobe'), args, { encoding: 'utf8' }).trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split('=')));
}

/** RGB of every frame of a video. */
function framesOf(video: Buffer, bytes: number): Buffer[] {
  const args = ['-v', 'error', '-i', join(dir, 'probe.mp4'), '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  writeFileSync(join(dir, 'probe.mp4'), video);
  const raw = execFileSync(FFMPEG, args, { maxBuffer: 64 << 20 });
  return Array.from({ length: raw.length / bytes }, (_, n) => raw.subarray(n * bytes, (n + 1) * bytes));
}

test('a multi-frame image is a video with every frame in it, at its levels and its Frame Time', async () => {
  const path = await writeFixture(dir, loop(12, { '00181063': ds(40) }));
  const video = await renderer.movie(path, OPTIONS);
  const facts = probe(video);
  assert.equal(facts.codec_name, 'h264');
  assert.equal(facts.pix_fmt, 'yuv420p');
  assert.equal(facts.color_space, 'bt709');
  assert.equal(facts.r_frame_rate, '25/1');
  assert.deepEqual([facts.width, facts.height, facts.nb_read_frames], ['32', '24', '12']);
  for (const [n, frame] of framesOf(video, 32 * 24 * 3).entries()) {
    assert.ok(
      frame.every((level) => Math.abs(level - n * 20) <= 2),
      `frame ${n + 1} is ${frame[0]}`,
    );
  }
});

test('colours of a video are those of its frames', async () => {
  const pixel = pixelOf({ rows: 32, columns: 32, samplesPerPixel: 3, photometric: 'RGB' });
  const colours = [
    [200, 40, 90],
    [20, 180, 240],
  ];
  const frames = colours.map((colour) => Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => colour[at % 3] ?? 0));
  const video = await renderer.movie(await writeFixture(dir, { pixel, frames }), OPTIONS);
  for (const [n, frame] of framesOf(video, 32 * 32 * 3).entries()) {
    for (const [channel, level] of (colours[n] ?? []).entries())
      assert.ok(Math.abs((frame[channel] ?? 0) - level) <= 4, `frame ${n + 1}: ${frame.subarray(0, 3).join()}`);
  }
});

test('the index of a video comes before its frames, so that it can be shown while it comes', async () => {
  const video = await renderer.movie(await writeFixture(dir, loop(3)), OPTIONS);
  const [index, frames] = [video.indexOf('moov'), video.indexOf('mdat')];
  assert.ok(index > 0 && index < frames, `moov at ${index}, mdat at ${frames}`);
});

const RATES: [name: string, attributes: Dataset, rate: string][] = [
  ['Recommended Display Frame Rate', { '00082144': { vr: 'IS', Value: [15] } }, '15/1'],
  ['Cine Rate', { '00180040': { vr: 'IS', Value: [8] } }, '8/1'],
  ['the mean of Frame Time Vector', { '00181065': ds(0, 100, 300, 200) }, '5/1'],
  ['ten frames a second without any', {}, '10/1'],
];
for (const [name, attributes, rate] of RATES) {
  test(`the rate of a video is ${name} (R-105)`, async () => {
    const video = await renderer.movie(await writeFixture(dir, loop(4, attributes)), OPTIONS);
    assert.equal(probe(video).r_frame_rate, rate);
  });
}

test('a video has even sides: the last column and row are there twice', async () => {
  const video = await renderer.movie(await writeFixture(dir, loop(2, {}, 33, 25, 100)), OPTIONS);
  const { width, height } = probe(video);
  assert.deepEqual([width, height], ['34', '26']);
  const [, second] = framesOf(video, 34 * 26 * 3);
  assert.ok(second?.every((level) => Math.abs(level - 100) <= 2));
});

test('a viewport and a quality hold for a video', async () => {
  const path = await writeFixture(dir, {
    ...loop(4, {}, 64, 64),
    frames: Array.from({ length: 4 }, (_, n) =>
      Uint8Array.from({ length: 64 * 64 }, (_, at) => (at * at * 7 + n * 31) % 256),
    ),
  });
  const small = await renderer.movie(path, { ...OPTIONS, viewport: { width: 16, height: 40 } });
  assert.deepEqual([probe(small).width, probe(small).height], ['16', '16']);
  const [worst, best] = [
    await renderer.movie(path, { ...OPTIONS, quality: 1 }),
    await renderer.movie(path, { ...OPTIONS, quality: 100 }),
  ];
  assert.ok(worst.length * 2 < best.length, `${worst.length} beside ${best.length}`);
});

test('W-Q1 a video names its patient only where that is asked for', async () => {
  const patient: Dataset = { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane' }] } };
  const path = await writeFixture(dir, loop(2, patient, 64, 64, 0));
  const touched = async (options: Partial<RenderOptions>): Promise<number[]> => {
    const [frame] = framesOf(await renderer.movie(path, { ...OPTIONS, ...options }), 64 * 64 * 3);
    return [...(frame ?? []).keys()].filter((at) => (frame?.[at] ?? 0) > 60);
  };
  assert.deepEqual(await touched({}), []);
  assert.deepEqual(
    (await touched({ annotation: ['technique'] })).filter((at) => at < 32 * 64 * 3),
    [],
  );
  assert.ok((await touched({ annotation: ['patient'] })).some((at) => at < 32 * 64 * 3));
});

test('without ffmpeg there is no video, and the error says so', async () => {
  const bare = createRenderer({ threads: 1, ffmpeg: undefined });
  try {
    assert.equal(bare.hasFfmpeg, false);
    const path = await writeFixture(dir, loop(2));
    await assert.rejects(bare.movie(path, OPTIONS), { kind: 'not-acceptable', message: /ffmpeg/ });
  } finally {
    await bare.close();
  }
});

/** A renderer whose ffmpeg writes its process id into a file and then does `rest`. */
function withFake(name: string, rest: string, timeoutMs: number): { pidFile: string; fake: typeof renderer } {
  const [command, pidFile] = [join(dir, name), join(dir, `${name}.pid`)];
  writeFileSync(command, `#!/bin/sh\necho $$ >> ${pidFile}\n${rest}\n`);
  chmodSync(command, 0o700);
  return { pidFile, fake: createRenderer({ threads: 1, ffmpeg: command, timeoutMs }) };
}

async function untilThere(path: string): Promise<number[]> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (existsSync(path) && readFileSync(path, 'utf8').endsWith('\n')) break;
    await delay(10);
  }
  return readFileSync(path, 'utf8').trim().split('\n').map(Number);
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('the process ends when the client goes, and its folder with it', async () => {
  const { pidFile, fake } = withFake('slow', 'exec sleep 600', 60_000);
  try {
    const path = await writeFixture(dir, loop(2));
    const leaving = new AbortController();
    const video = fake.movie(path, OPTIONS, leaving.signal);
    const [pid = 0] = await untilThere(pidFile);
    assert.ok(isAlive(pid));
    leaving.abort();
    await assert.rejects(video, { kind: 'cancelled' });
    assert.ok(!isAlive(pid));
    assert.deepEqual(
      readdirSync(tmpdir()).filter(
        (name) => name.startsWith('movie-') && existsSync(join(tmpdir(), name, String(pid))),
      ),
      [],
    );
  } finally {
    await fake.close();
  }
});

test('a process in which nothing moves is killed at its deadline', async () => {
  const { pidFile, fake } = withFake('stuck', 'exec sleep 600', 4000);
  try {
    await assert.rejects(fake.movie(await writeFixture(dir, loop(2)), OPTIONS), { kind: 'timeout' });
    const [pid = 0] = await untilThere(pidFile);
    assert.ok(!isAlive(pid));
  } finally {
    await fake.close();
  }
});

test('there are two processes at most, and closing the renderer ends them', async () => {
  const { pidFile, fake } = withFake('two', 'exec sleep 600', 60_000);
  const path = await writeFixture(dir, loop(2));
  const videos = Promise.allSettled([1, 2, 3].map(() => fake.movie(path, OPTIONS)));
  while ((await untilThere(pidFile)).length < 2) await delay(10);
  await delay(100);
  const pids = await untilThere(pidFile);
  assert.equal(pids.length, 2);
  await fake.close();
  assert.deepEqual(
    (await videos).map((one) => one.status === 'rejected' && one.reason.kind),
    ['cancelled', 'cancelled', 'cancelled'],
  );
  assert.ok(!pids.some(isAlive));
});

test('what ffmpeg cannot do is not acceptable, and a frame that cannot be rendered is its own error', async () => {
  const { fake } = withFake('failing', 'cat > /dev/null; exit 1', 10_000);
  try {
    await assert.rejects(fake.movie(await writeFixture(dir, loop(2)), OPTIONS), { kind: 'not-acceptable' });
  } finally {
    await fake.close();
  }
  const short = {
    ...loop(3),
    frames: loop(3).frames.slice(0, 2),
    attributes: { '00280008': { vr: 'IS', Value: [3] } },
  };
  await assert.rejects(renderer.movie(await writeFixture(dir, short as Fixture), OPTIONS), { kind: 'corrupt' });
});
