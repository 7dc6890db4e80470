// Frames of stored videos as pictures. The videos are made by ffmpeg, each frame of one level that says which it is.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import type { RenderOptions } from '../../../src/render/options.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { requirePeer } from '../../support/peer.ts';
import { type Fixture, fixtureFolder, pixelOf, writeFixture } from '../fixtures.ts';
import { ds } from '../pictures.ts';

const FFMPEG = requirePeer('ffmpeg');
const dir = fixtureFolder();
const renderer = createRenderer({ threads: 1, ffmpeg: FFMPEG });
after(() => renderer.close());

const [COLUMNS, ROWS, FRAMES] = [64, 48, 20];
const OPTIONS: RenderOptions = { mediaType: 'image/png' };

/** A video of grey frames, ten levels apart, in a format that ffmpeg finds seekable output for. */
function video(...format: string[]): Buffer {
  const input = Buffer.concat(Array.from({ length: FRAMES }, (_, n) => Buffer.alloc(COLUMNS * ROWS * 3, 20 + 10 * n)));
  const raw = ['-f', 'rawvideo', '-pixel_format', 'rgb24', '-video_size', `${COLUMNS}x${ROWS}`, '-framerate', '25'];
  const path = join(dir, 'made');
  const args = ['-v', 'error', '-y', ...raw, '-i', 'pipe:0', '-pix_fmt', 'yuv420p', ...format, path];
  execFileSync(FFMPEG, args, { input });
  return execFileSync('cat', [path], { maxBuffer: 64 << 20 });
}

function instance(stream: Buffer, transferSyntaxUid: string, layout: Fixture['layout'] = {}): Promise<string> {
  const pixel = pixelOf({ rows: ROWS, columns: COLUMNS, samplesPerPixel: 3, photometric: 'YBR_PARTIAL_420' });
  const attributes: Dataset = { '00280008': { vr: 'IS', Value: [FRAMES] }, '00181063': ds(40) };
  return writeFixture(dir, { transferSyntaxUid, pixel, frames: [], codestreams: [stream], attributes, layout });
}

async function levelOf(picture: Buffer): Promise<number> {
  const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height, info.channels], [COLUMNS, ROWS, 3]);
  return data[3 * (COLUMNS * 20 + 30)] ?? -1;
}

const VIDEOS: [name: string, uid: string, format: string[]][] = [
  ['MPEG-2 in a transport stream', '1.2.840.10008.1.2.4.100', ['-c:v', 'mpeg2video', '-q:v', '2', '-f', 'mpegts']],
  ['MPEG-2, a bare stream', '1.2.840.10008.1.2.4.101', ['-c:v', 'mpeg2video', '-q:v', '2', '-f', 'mpeg2video']],
  ['H.264 in MP4, its index at the end', '1.2.840.10008.1.2.4.102', ['-c:v', 'libx264', '-crf', '10', '-f', 'mp4']],
  ['H.264 in a transport stream', '1.2.840.10008.1.2.4.103', ['-c:v', 'libx264', '-crf', '10', '-f', 'mpegts']],
  ['HEVC in MP4', '1.2.840.10008.1.2.4.107', ['-c:v', 'libx265', '-x265-params', 'log-level=0:crf=10', '-f', 'mp4']],
];
for (const [name, uid, format] of VIDEOS) {
  test(`any frame of a video is rendered exactly: ${name}`, async () => {
    const path = await instance(video(...format), uid);
    for (const n of [1, 8, FRAMES]) {
      const level = await levelOf(await renderer.still(path, n, OPTIONS));
      assert.ok(Math.abs(level - (10 + 10 * n)) <= 3, `frame ${n} is ${level}`);
    }
  });
}

test('a stream in several fragments is one stream, however many frames it has', async () => {
  const stream = video('-c:v', 'libx264', '-crf', '10', '-f', 'mp4');
  for (const fragmentsPerFrame of [3, FRAMES]) {
    const path = await instance(stream, '1.2.840.10008.1.2.4.102.1', { fragmentsPerFrame, table: 'empty' });
    const level = await levelOf(await renderer.still(path, 8, OPTIONS));
    assert.ok(Math.abs(level - 90) <= 3, `frame 8 is ${level}`);
  }
});

test('a thumbnail of a video shows a frame near the one asked for, in its viewport', async () => {
  const path = await instance(video('-c:v', 'libx264', '-crf', '10', '-f', 'mp4'), '1.2.840.10008.1.2.4.102');
  const viewport = { width: 32, height: 32 };
  const picture = await renderer.still(path, 11, { ...OPTIONS, thumbnail: true, viewport });
  const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height], [32, 24]);
  assert.ok(Math.abs((data[0] ?? 0) - 120) <= 15, `level ${data[0]}`);
});

test('a frame beyond the last is not found', async () => {
  const path = await instance(video('-c:v', 'libx264', '-f', 'mp4'), '1.2.840.10008.1.2.4.102');
  await assert.rejects(renderer.still(path, FRAMES + 1, OPTIONS), { kind: 'not-found' });
});

test('what only names other files and hosts is no video', async () => {
  const target = join(dir, 'target.mp4');
  execFileSync('cp', [join(dir, 'made'), target]);
  for (const text of [`#EXTM3U\n#EXTINF:1,\nfile://${target}\n`, `ffconcat version 1.0\nfile ${target}\n`]) {
    const path = await instance(Buffer.from(text.padEnd(512, '\n')), '1.2.840.10008.1.2.4.102');
    await assert.rejects(renderer.still(path, 1, OPTIONS), { kind: 'not-acceptable' });
  }
});
