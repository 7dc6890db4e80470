// The phantom studies: fixed, sound as files, and readable by other people's tools.

import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { Phantom } from '../../src/demo/phantom.ts';
import { phantomFile, writePhantoms } from '../../src/demo/phantom-files.ts';
import { pdfOf } from '../../src/demo/phantom-pdf.ts';
import { phantomStudies } from '../../src/demo/phantoms.ts';
import { readFileMeta } from '../../src/dimse/data/part10.ts';
import { readDataset } from '../../src/dimse/data/reader.ts';
import { Tag } from '../../src/dimse/data/tags.ts';
import { runTool, runToolOk, tempDir } from '../support/peers.ts';
import { isValidUid } from '../support/valid-uid.ts';

const studies = phantomStudies();
const phantoms = studies.flatMap((study) => study.instances);
/** One instance of each kind. */
const kinds = [...new Map(phantoms.map((phantom) => [phantom.sopClassUid, phantom])).values()];

const files = new Map<string, string>();
let dir = '';
before(async () => {
  dir = await tempDir();
  const paths = await writePhantoms(kinds, dir);
  kinds.forEach((phantom, index) => {
    files.set(phantom.sopClassUid, paths[index] ?? '');
  });
});
after(() => rm(dir, { recursive: true, force: true }));

function fileOf(modality: string): string {
  const sopClassUid = { CT: '.2', CR: '.1', MG: '.1.2', US: '.3.1', EMR: '.4.1', DOC: '.104.1', MR: '.4' }[modality];
  return files.get(`1.2.840.10008.5.1.4.1.1${sopClassUid}`) ?? '';
}

test('every way that pixels come is there', () => {
  assert.equal(kinds.length, 7);
  assert.equal(studies.length, 5);
});

test('COM-11 every UID is valid and used once', () => {
  const uids = phantoms.map((phantom) => phantom.sopInstanceUid);
  assert.equal(new Set(uids).size, uids.length);
  for (const uid of [...uids, ...studies.map((study) => study.studyInstanceUid)]) assert.ok(isValidUid(uid), uid);
});

test('UIDs never change, since printed commands name them', () => {
  assert.equal(studies[0]?.studyInstanceUid, '2.25.139306960612328445331347252139253695092');
});

test('a phantom is the same file each time it is built', () => {
  const [first] = kinds;
  assert.ok(first);
  assert.ok(phantomFile(first).equals(phantomFile(first)));
});

test('dcmftest takes every kind for a DICOM file, and dcmdump reads it without a complaint', async () => {
  for (const path of files.values()) {
    assert.match(await runToolOk('dcmftest', [path]), /^yes/);
    const dump = await runToolOk('dcmdump', ['-q', '+E', path]);
    const complaints = (await runTool('dcmdump', [path])).output.split('\n').filter((line) => /^[WE]: /.test(line));
    assert.ok(dump.length > 0);
    assert.deepEqual(complaints, [], path);
  }
});

test('file meta information and data set agree', async () => {
  for (const phantom of kinds) {
    const { sopInstanceUid, sopClassUid, transferSyntaxUid, dataset } = await read(phantom);
    assert.equal(transferSyntaxUid, phantom.transferSyntaxUid);
    assert.equal(dataset[Tag.SOPInstanceUID]?.Value?.[0], sopInstanceUid);
    assert.equal(dataset[Tag.SOPClassUID]?.Value?.[0], sopClassUid);
  }
});

test('pixel data is as long as its description says', async () => {
  for (const phantom of kinds) {
    const { dataset } = await read(phantom);
    const bytes = dataset[Tag.PixelData]?.InlineBinary;
    if (bytes === undefined) continue;
    const number = (tag: string) => Number(dataset[tag]?.Value?.[0] ?? 1);
    const expected =
      number(Tag.Rows) *
      number(Tag.Columns) *
      number(Tag.SamplesPerPixel) *
      number(Tag.NumberOfFrames) *
      (number(Tag.BitsAllocated) / 8);
    assert.equal(bytes.length, expected + (expected % 2), phantom.sopClassUid);
  }
});

test('Japanese names in ISO 2022 read back as they were written', async () => {
  const mr = phantoms.find((phantom) => phantom.encoded);
  assert.ok(mr);
  const { dataset, bytes } = await read(mr);
  assert.ok(bytes.includes(Buffer.from('\x1b$B;3ED\x1b(B^', 'latin1')));
  assert.deepEqual(dataset[Tag.PatientName]?.Value, [
    { Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' },
  ]);
});

for (const [modality, option] of [
  ['CT', '+Wi'],
  ['CR', '+Wi'],
  ['MG', '+Wi'],
  ['MR', '+Wi'],
] as const) {
  test(`dcm2pnm renders the ${modality} with blacks, whites and greys`, async () => {
    const png = join(dir, `${modality}.pgm`);
    await runToolOk('dcm2pnm', ['-q', option, '1', '+op', fileOf(modality), png]);
    const { channels, width, height } = await pixelsOf(png);
    assert.ok(width >= 256 && height >= 256);
    const [grey] = channels;
    assert.ok(grey !== undefined && grey.min < 30 && grey.max > 225 && grey.stdev > 20, JSON.stringify(grey));
  });
}

test('the CR is stored inversely: air at the edge is bright in the file and dark on the screen', async () => {
  const pgm = join(dir, 'inverse.pgm');
  await runToolOk('dcm2pnm', ['-q', '+Wi', '1', '+op', fileOf('CR'), pgm]);
  const { first } = await pixelsOf(pgm);
  const cr = kinds.find((phantom) => phantom.sopClassUid.endsWith('.1.1.1'));
  assert.ok(cr);
  const stored = (await read(cr)).dataset[Tag.PixelData]?.InlineBinary;
  assert.ok(stored !== undefined && Buffer.from(stored).readUInt16LE(0) > 900);
  assert.ok(first < 40, `first pixel is ${first}`);
});

test('the PDF is a PDF: its table of offsets leads to its objects', () => {
  const pdf = pdfOf('Title (with brackets)', ['one', 'two']).toString('latin1');
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(pdf)?.[1]);
  const rows = pdf.slice(start).match(/^\d{10} 00000 n $/gm) ?? [];
  assert.equal(rows.length, 5);
  rows.forEach((row, index) => {
    assert.ok(pdf.startsWith(`${index + 1} 0 obj`, Number(row.slice(0, 10))));
  });
  const content = /<< \/Length (\d+) >>\nstream\n([\s\S]*)\nendstream/.exec(pdf);
  assert.equal(content?.[2]?.length, Number(content?.[1]));
});

async function read(phantom: Phantom) {
  const path = files.get(phantom.sopClassUid);
  const bytes = path === undefined || !kinds.includes(phantom) ? phantomFile(phantom) : await readFile(path);
  const meta = readFileMeta(bytes);
  return { ...meta, bytes, dataset: readDataset(bytes.subarray(meta.dataOffset), meta.transferSyntaxUid) };
}

/** A PGM (P5, 8 bits) through sharp. */
async function pixelsOf(path: string) {
  const bytes = await readFile(path);
  const head = /^P5\s+(\d+) (\d+)\s+255\s/.exec(bytes.subarray(0, 64).toString('latin1'));
  const width = Number(head?.[1]);
  const height = Number(head?.[2]);
  const raw = bytes.subarray(head?.[0]?.length ?? 0);
  const { channels } = await sharp(raw, { raw: { width, height, channels: 1 } }).stats();
  return { channels, width, height, first: raw[0] ?? 255 };
}
