// The demo as a newcomer meets it: its commands, pasted into a shell, bring what they say.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { type Demo, startDemo } from '../../src/demo/demo.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { runToolOk, tempDir } from '../support/peers.ts';

let demo: Demo;
let gateway: RunningGateway;
let dir = '';

before(async () => {
  dir = await tempDir();
  demo = await startDemo({ gateway: { aeTitle: 'GATEWAY', host: '127.0.0.1', port: 1 } });
  gateway = await startGateway(undefined, [demo.pacs]);
});

after(async () => {
  await gateway?.close();
  await demo?.close();
  await rm(dir, { recursive: true, force: true });
});

/** What the command with this title prints when it is pasted into a shell; files it writes go to `dir`. */
async function paste(title: string): Promise<string> {
  const command = demo.commands(gateway.url).find((each) => each.title.includes(title));
  assert.ok(command, `no command is called ${title}`);
  return runToolOk('sh', ['-c', command.command], { cwd: dir });
}

type Row = Record<string, { Value?: unknown[] }>;

async function rows(title: string): Promise<Row[]> {
  const text = await paste(title);
  const parsed: unknown = JSON.parse(text);
  assert.ok(Array.isArray(parsed), text.slice(0, 500));
  return parsed;
}

const first = (row: Row | undefined, tag: string) => row?.[tag]?.Value?.[0];

test('all studies are listed', async () => {
  const uids = (await rows('All studies')).map((row) => first(row, '0020000D'));
  assert.deepEqual(uids.sort(), demo.studies.map((study) => study.studyInstanceUid).sort());
});

test('names come in UTF-8, whatever they are stored in', async () => {
  const names = (await rows('All studies')).map((row) => JSON.stringify(first(row, '00100010')));
  for (const name of ['Grünwald^Änne', '山田^太郎', 'Иванова^Анна'])
    assert.ok(
      names.some((each) => each.includes(name)),
      name,
    );
});

test("a patient's studies are found by name", async () => {
  assert.deepEqual(
    (await rows("A patient's studies")).map((row) => first(row, '00100020')),
    ['PHANTOM-1', 'PHANTOM-1'],
  );
});

test('studies are found by date and modality', async () => {
  assert.deepEqual(
    (await rows('Studies of March 2024')).map((row) => first(row, '00200010')),
    ['CT1'],
  );
});

test('the series of a study are listed', async () => {
  assert.deepEqual(
    (await rows('The series of a study')).map((row) => first(row, '00080060')),
    ['CT', 'DOC'],
  );
});

test('metadata of an instance is complete', async () => {
  const [row] = await rows('Metadata of an instance');
  assert.deepEqual(row?.['00281051']?.Value, [400, 1500, 1800]);
});

for (const [title, file, format, width, height] of [
  ['lung window', 'ct.jpg', 'jpeg', 512, 512],
  ['A frame of the ultrasound', 'us.png', 'png', 480, 360],
  ['A picture by WADO-URI', 'wado.jpg', 'jpeg', 512, 512],
] as const) {
  test(`${title}: a picture of the right kind and size`, async () => {
    assert.equal(await paste(title), '');
    const metadata = await sharp(join(dir, file)).metadata();
    assert.deepEqual([metadata.format, metadata.width, metadata.height], [format, width, height]);
  });
}

test('the thumbnail is small and keeps the shape of the mammogram', async () => {
  await paste('A thumbnail');
  const { width = 0, height = 0 } = await sharp(join(dir, 'mg.jpg')).metadata();
  assert.ok(width < 600 && height < 600 && width < height, `${width} × ${height}`);
});

test('a frame is 512 × 512 words in one part', async () => {
  await paste('The pixels of a frame');
  const { length } = await readFile(join(dir, 'frame.multipart'));
  assert.ok(length > 512 * 512 * 2 && length < 512 * 512 * 2 + 1000, `${length} bytes`);
});

test('a whole study is 25 parts', async () => {
  await paste('A whole study');
  const text = (await readFile(join(dir, 'study.multipart'))).toString('latin1');
  assert.equal(text.match(/Content-Type: application\/dicom\b/gi)?.length, 25);
});

test('an instance comes as a file, and is stored again', async () => {
  await paste('An instance as a DICOM file');
  assert.ok(existsSync(join(dir, 'ct.dcm')));
  await runToolOk('dcmftest', [join(dir, 'ct.dcm')]);
  const answer: Row = JSON.parse(await paste('Store that file'));
  assert.equal(answer['00081199']?.Value?.length, 1);
  assert.equal(answer['00081198'], undefined);
});
