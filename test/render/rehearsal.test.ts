import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { Pool } from '../../src/render/pool.ts';
import { rehearsal } from '../../src/render/rehearsal.ts';
import { createRenderer } from '../../src/render/render.ts';

test('what a thread rehearses is a picture that can be made', async () => {
  const pool = new Pool({ threads: 1 });
  const { bytes } = await pool.run(rehearsal());
  const { format, width, height } = await sharp(bytes).metadata();
  assert.deepEqual([format, width, height], ['jpeg', 16, 16]);
  await pool.close();
});

test('a rehearsal that fails, as of a renderer that is closed, is nobody’s failure', async () => {
  const renderer = createRenderer({ threads: 1 });
  await renderer.close();
  await renderer.rehearse();
});
