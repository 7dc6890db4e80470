// Text in codestreams (DI-12): gone wherever a grammar has room for it, with the picture and every length as they were.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ByteSource } from '../../../../src/dimse/data/byte-source.ts';
import { blankText, type Grammar, grammarOf } from '../../../../src/dimse/data/deidentify/codestream-text.ts';
import { cleanedFragments } from '../../../../src/dimse/data/deidentify/fragments.ts';
import { readFileMeta } from '../../../../src/dimse/data/part10.ts';
import { Jpeg2000, JpegBaseline, JpegLsLossless, transferSyntax } from '../../../../src/dimse/data/transfer-syntax.ts';
import { createRenderer } from '../../../../src/render/render.ts';
import { encode, pixelOf, samples } from '../../../render/fixtures.ts';
import { archiveFiles } from '../../../support/archive-files.ts';
import { tempDir } from '../../../support/peers.ts';

const NAME = 'DOE^JANE';

/** A marker segment. */
function segment(marker: number, text: string): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(2 + text.length, 2);
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
}

const insert = (bytes: Uint8Array, at: number, more: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);

const jpeg = await encode(JpegBaseline, pixelOf({}), samples(pixelOf({}), 1));
const jpegLs = await encode(JpegLsLossless, pixelOf({}), samples(pixelOf({}), 1));
const jpeg2000 = Buffer.from(await encode(Jpeg2000, pixelOf({}), samples(pixelOf({}), 1)));
// Without the comment of its encoder.
blankText(jpeg2000, 'jpeg-2000');

/** Behind the Start of Tile-part: its length grows by the comment. */
function inTile(codestream: Uint8Array, comment: Buffer): Buffer {
  const bytes = Buffer.from(codestream);
  const tile = bytes.indexOf('ff90', 0, 'hex');
  bytes.writeUInt32BE(bytes.readUInt32BE(tile + 6) + comment.length, tile + 6);
  return insert(bytes, tile + 12, comment);
}

const CASES: readonly (readonly [where: string, grammar: Grammar, codestream: Buffer])[] = [
  ['a JPEG comment', 'jpeg', insert(jpeg, 2, segment(0xfe, NAME))],
  ['JPEG application data', 'jpeg', insert(jpeg, 2, segment(0xe1, `${NAME} in Exif`))],
  [
    'the thumbnail of a JFIF header',
    'jpeg',
    insert(jpeg, 2, segment(0xe0, `JFIF\0\x01\x02\0\0\x01\0\x01\x02\x01${NAME}`)),
  ],
  ['behind the end of a JPEG', 'jpeg', Buffer.concat([jpeg, Buffer.from(NAME)])],
  ['a JPEG-LS comment', 'jpeg-ls', insert(jpegLs, 2, segment(0xfe, NAME))],
  ['JPEG-LS application data', 'jpeg-ls', insert(jpegLs, 2, segment(0xe8, NAME))],
  [
    'a JPEG 2000 comment',
    'jpeg-2000',
    insert(jpeg2000, jpeg2000.indexOf('ff52', 0, 'hex'), segment(0x64, `\0\x01${NAME}`)),
  ],
  ['a comment of a tile', 'jpeg-2000', inTile(jpeg2000, segment(0x64, `\0\x01${NAME}`))],
  ['behind the end of JPEG 2000', 'jpeg-2000', Buffer.concat([jpeg2000, Buffer.from(NAME)])],
];

for (const [where, grammar, codestream] of CASES) {
  test(`DI-12 ${where} is made blank, and nothing else changes`, () => {
    assert.ok(codestream.includes(NAME));
    const cleaned = Buffer.from(codestream);
    assert.ok(blankText(cleaned, grammar));
    const at = codestream.indexOf(NAME);
    assert.match(cleaned.toString('latin1', at, at + NAME.length), /^[\0 ]+$/);
    codestream.copy(cleaned, at, at, at + `${NAME} in Exif`.length);
    // The sides of a JFIF thumbnail go with it.
    if (where.includes('thumbnail')) cleaned.write('\x02\x01', at - 2, 'latin1');
    assert.ok(cleaned.equals(codestream));
  });
}

test('DI-12 what decoders go by stays: JFIF, and the colour transforms of Adobe and HP', () => {
  const adobe = segment(0xee, 'Adobe\0\x64\0\0\0\0\x01');
  const hp = segment(0xe8, 'mrfx\x01');
  for (const [grammar, kept, codestream] of [
    ['jpeg', adobe, insert(jpeg, 2, adobe)],
    ['jpeg-ls', hp, insert(jpegLs, 2, hp)],
  ] as const) {
    const cleaned = Buffer.from(codestream);
    assert.ok(blankText(cleaned, grammar));
    assert.ok(cleaned.includes(kept));
  }
});

test('DI-12 a codestream without its end is not searched to its end', () => {
  for (const [grammar, codestream] of [
    ['jpeg', jpeg],
    ['jpeg-ls', jpegLs],
    ['jpeg-2000', jpeg2000],
  ] as const) {
    const end = Buffer.from(codestream).lastIndexOf('ffd9', undefined, 'hex');
    for (let length = 4; length <= end + 1; length++) {
      assert.equal(blankText(Buffer.from(codestream.subarray(0, length)), grammar), false, `${grammar} ${length}`);
    }
  }
});

/** An offset table and the fragments given, as they stand in a data set. */
function items(...fragments: Uint8Array[]): Buffer {
  const asItem = (value: Uint8Array) => {
    const head = Buffer.from('feff00e000000000', 'hex');
    head.writeUInt32LE(value.length, 4);
    return Buffer.concat([head, value]);
  };
  return Buffer.concat([...[Buffer.alloc(0), ...fragments].map(asItem), Buffer.from('feffdde000000000', 'hex')]);
}

async function cleaned(encapsulated: Buffer, syntax: string): Promise<Buffer> {
  const source = new ByteSource(inPieces(encapsulated));
  const chunks: Buffer[] = [];
  for await (const chunk of cleanedFragments(source, syntax)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

test('DI-12 a frame may be cut into fragments anywhere', async () => {
  const frame = insert(jpeg, 2, segment(0xfe, NAME));
  for (let at = 2; at < frame.length; at += 2) {
    const whole = items(frame.subarray(0, at), frame.subarray(at));
    const result = await cleaned(whole, JpegBaseline);
    assert.equal(result.length, whole.length);
    assert.ok(!result.includes(NAME.slice(0, 4)) && !result.includes(NAME.slice(4)));
  }
});

test('DI-12 what can not be searched is refused: other grammars, other bytes, no end', async () => {
  const end = jpeg.length - 4;
  for (const [what, syntax] of [
    [items(jpeg), '1.2.840.10008.1.2.4.102'],
    [items(jpeg), '1.2.840.10008.1.2.4.112'],
    [items(jpeg), Jpeg2000],
    [items(Buffer.from('plain text')), JpegBaseline],
    [items(jpeg.subarray(0, end)), JpegBaseline],
  ] as const) {
    await assert.rejects(cleaned(what, syntax), { kind: 'not-acceptable', field: 'anonymize' });
  }
});

const { files, skip } = archiveFiles();
const renderer = createRenderer({ threads: 1 });
after(() => renderer.close());
/** The smallest of each syntax and colour that has a grammar. */
const compressed = [
  ...Map.groupBy(
    files.filter(
      ({ transferSyntaxUid }) => transferSyntax(transferSyntaxUid)?.encapsulated && grammarOf(transferSyntaxUid),
    ),
    ({ name, transferSyntaxUid }) => `${transferSyntaxUid} ${name.split('_')[2]}`,
  ).values(),
].flatMap((kind) => kind.sort((a, b) => statSync(a.path).size - statSync(b.path).size).slice(0, 1));

test('DI-12 real files keep their pictures', { skip }, async () => {
  const dir = await tempDir();
  let decoded = 0;
  const refused: string[] = [];
  for (const { name, path, transferSyntaxUid } of compressed) {
    const bytes = readFileSync(path);
    const start = bytes.lastIndexOf('e07f10004f420000ffffffff', undefined, 'hex') + 12;
    if (start < 12) continue;
    assert.equal(readFileMeta(bytes).transferSyntaxUid, transferSyntaxUid);
    const result = await cleaned(bytes.subarray(start), transferSyntaxUid).catch(() => undefined);
    if (result === undefined) {
      refused.push(name.replace(/.*__(.*)__.*/, '$1'));
      continue;
    }
    const other = join(dir, name);
    writeFileSync(other, Buffer.concat([bytes.subarray(0, start), result]));
    const pixels = await pixelsOf(path).catch(() => undefined);
    if (pixels === undefined) continue; // Its codestream is broken.
    decoded++;
    assert.ok(pixels.equals(await pixelsOf(other)), name);
  }
  // A whole JP2 file in place of a codestream: its boxes are not searched.
  assert.deepEqual(refused, ['example-redacted-jp2k']);
  assert.ok(decoded > 20, `${decoded} files`);
});

async function pixelsOf(path: string): Promise<Buffer> {
  return Buffer.from((await renderer.decode(path, 1)).bytes);
}
