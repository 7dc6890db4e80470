import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { StoredFile } from '../../../src/bridge/cache/cache.ts';
import { bulkdataOf } from '../../../src/bridge/metadata/bulkdata.ts';
import { metadataOf } from '../../../src/bridge/metadata/metadata.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { readFileMeta, writeFileMeta } from '../../../src/dimse/data/part10.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import {
  Deflated,
  ExplicitBig,
  ExplicitLittle,
  ImplicitLittle,
  JpegBaseline,
} from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { corpusRows, corpusTest } from '../../support/corpus.ts';
import { CT, collect, datasetOf } from '../fixtures.ts';

const options = { baseUrl: 'http://host/dicomweb', inlineBytes: 16 };
const ROOT = 'http://host/dicomweb/studies/1.1/series/1.1.1/instances/1.5/bulkdata';
const dir = mkdtempSync(join(tmpdir(), 'metadata-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** A stored file of these bytes. */
function stored(body: Buffer, transferSyntaxUid: string): StoredFile {
  const meta = writeFileMeta({ sopClassUid: CT, sopInstanceUid: '1.5', transferSyntaxUid });
  const path = join(dir, `${Math.random()}.dcm`);
  const bytes = Buffer.concat([meta, body]);
  writeFileSync(path, bytes);
  return {
    path,
    sopClassUid: CT,
    sopInstanceUid: '1.5',
    studyInstanceUid: '1.1',
    seriesInstanceUid: '1.1.1',
    transferSyntaxUid,
    dataOffset: meta.length,
    size: meta.length + body.length,
    read: (target, position) => bytes.copy(target, 0, Math.min(position, bytes.length)),
    isOnDisk: () => true,
    stored: Promise.resolve(),
    lend: () => undefined,
    onDisk: async () => {},
    document: () => undefined,
    keep: () => {},
    release: () => {},
  };
}

function made(more: Dataset, transferSyntaxUid = ExplicitLittle): StoredFile {
  const dataset = datasetOf({ study: '1.1', series: '1.1.1', instance: '1.5', bytes: 200_000, more });
  return stored(writeDataset(dataset, transferSyntaxUid), transferSyntaxUid);
}

const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);

const RICH: Dataset = {
  '00081140': {
    vr: 'SQ',
    Value: [
      { '00081155': { vr: 'UI', Value: ['1.2'] } },
      { '00090010': { vr: 'LO', Value: ['US'] }, '00091001': { vr: 'OB', InlineBinary: new Uint8Array(40).fill(7) } },
    ],
  },
  '00189345': { vr: 'FD', Value: [1.5] },
  '00283010': {
    vr: 'SQ',
    Value: [{ '00283002': { vr: 'US', Value: [2, 0, 16] }, '00283006': { vr: 'OW', InlineBinary: words(1, 0x0203) } }],
  },
  '60003000': { vr: 'OW', InlineBinary: words(...Array.from({ length: 20 }, (_, at) => at * 300)) },
  '7FE00010': { vr: 'OW', InlineBinary: words(...Array.from({ length: 100_000 }, (_, at) => at % 60_000)) },
  FFFAFFFA: { vr: 'SQ', Value: [{ '04000305': { vr: 'CS', Value: ['CMS_TSP'] } }] },
};

describe('metadata', () => {
  for (const syntax of [ExplicitLittle, ImplicitLittle, ExplicitBig, Deflated]) {
    test(`is the whole data set, with what is behind the pixel data, from ${syntax}`, async () => {
      const metadata = await metadataOf(made(RICH, syntax), options);
      assert.deepEqual(metadata['00100010'], { vr: 'PN', Value: [{ Alphabetic: 'Test^Phantom' }] });
      assert.deepEqual(metadata.FFFAFFFA?.Value, [{ '04000305': { vr: 'CS', Value: ['CMS_TSP'] } }]);
      assert.deepEqual(metadata['7FE00010'], { vr: 'OW', BulkDataURI: `${ROOT}/7FE00010` });
      assert.equal(
        Object.keys(metadata).find((tag) => tag.startsWith('0002')),
        undefined,
      );
    });

    test(`bulk data of ${syntax} is little endian`, async () => {
      const file = made(RICH, syntax);
      for (const [path, expected] of [
        ['7FE00010', RICH['7FE00010']?.InlineBinary],
        ['60003000', RICH['60003000']?.InlineBinary],
        ['00081140/1/00091001', new Uint8Array(40).fill(7)],
        ['00189345', new Uint8Array(Float64Array.of(1.5).buffer)],
      ] as const) {
        const { length, read } = await bulkdataOf(file, path);
        const bytes = Buffer.concat(await collect(read()));
        assert.equal(length, bytes.length);
        assert.deepEqual(bytes, Buffer.from(expected ?? []), path);
      }
    });
  }

  test('J-22 text is Unicode and says so, also where the file has another character set', async () => {
    const latin = Buffer.concat([
      Buffer.from('080005004353', 'hex'),
      Buffer.from([10, 0]),
      Buffer.from('ISO_IR 100'),
      Buffer.from('10001000504e0600', 'hex'),
      Buffer.from('M\xfcller', 'latin1'),
    ]);
    const metadata = await metadataOf(stored(latin, ExplicitLittle), options);
    assert.deepEqual(metadata['00100010']?.Value, [{ Alphabetic: 'Müller' }]);
    assert.deepEqual(metadata['00080005'], { vr: 'CS', Value: ['ISO_IR 192'] });
  });

  test('binary up to the threshold stays, longer goes by reference, in sequences too', async () => {
    const metadata = await metadataOf(made(RICH), options);
    const lut = metadata['00283010']?.Value?.[0] as Dataset;
    assert.deepEqual(Buffer.from(lut['00283006']?.InlineBinary ?? []), Buffer.from(words(1, 0x0203)));
    const item = metadata['00081140']?.Value?.[1] as Dataset;
    assert.deepEqual(item['00091001'], { vr: 'OB', BulkDataURI: `${ROOT}/00081140/1/00091001` });
  });

  test('J-21 an FD that JSON cannot write goes by reference', async () => {
    const file = made({
      '00189345': { vr: 'FD', Value: [Number.NaN] },
      '00283010': { vr: 'SQ', Value: [{ '00189345': { vr: 'FD', Value: [Number.POSITIVE_INFINITY] } }] },
    });
    const metadata = await metadataOf(file, options);
    assert.deepEqual(metadata['00189345'], { vr: 'FD', BulkDataURI: `${ROOT}/00189345` });
    const item = metadata['00283010']?.Value?.[0] as Dataset;
    assert.deepEqual(item['00189345'], { vr: 'FD', BulkDataURI: `${ROOT}/00283010/0/00189345` });
    const { read } = await bulkdataOf(file, '00283010/0/00189345');
    assert.equal(Buffer.concat(await collect(read())).readDoubleLE(0), Number.POSITIVE_INFINITY);
  });

  for (const [syntax, offered] of [
    [ExplicitLittle, ExplicitLittle],
    [ImplicitLittle, ExplicitLittle],
    [ExplicitBig, ExplicitLittle],
  ] as const) {
    test(`NEG-12 what is stored in ${syntax} is offered in ${offered}`, async () => {
      assert.deepEqual((await metadataOf(made({}, syntax), options))['00083002'], { vr: 'UI', Value: [offered] });
    });
  }

  test('encapsulated pixel data is passed over, and is no bulk data of its own', async () => {
    const head = writeDataset(
      { '00080018': { vr: 'UI', Value: ['1.5'] }, '00280008': { vr: 'IS', Value: [2] } },
      ExplicitLittle,
    );
    const item = (bytes: number) => Buffer.concat([Buffer.from('feff00e0', 'hex'), u32(bytes), Buffer.alloc(bytes, 1)]);
    const u32 = (value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    };
    const pixels = [Buffer.from('e07f10004f420000ffffffff', 'hex'), item(0), item(100_000), item(50)];
    const delimiter = Buffer.from('feffdde000000000', 'hex');
    const behind = writeDataset({ FFFAFFFA: { vr: 'SQ', Value: [{}] } }, ExplicitLittle);
    const body = Buffer.concat([head, ...pixels, delimiter, behind]);
    const file = stored(body, JpegBaseline);
    const metadata = await metadataOf(file, options);
    assert.deepEqual(metadata['7FE00010'], { vr: 'OB', BulkDataURI: `${ROOT}/7FE00010` });
    assert.equal(metadata.FFFAFFFA?.vr, 'SQ');
    await assert.rejects(bulkdataOf(file, '7FE00010'), { kind: 'not-acceptable' });
  });

  test('a file that is cut off is corrupt, never a shorter data set', async () => {
    const file = made(RICH);
    const cut = stored(readFileSync(file.path).subarray(file.dataOffset, -100_000), ExplicitLittle);
    await assert.rejects(metadataOf(cut, options), { kind: 'corrupt' });
  });

  for (const [what, items] of [
    ['an item that is none', 'feff00e000000000' + '4142434400000000'],
    ['no delimiter at their end', 'feff00e000000000' + 'feff00e00400000001020304'],
    ['an item that is longer than the file', 'feff00e000000000' + 'feff00e0ff00000001020304'],
  ] as const) {
    test(`encapsulated pixel data with ${what} is corrupt`, async () => {
      const head = writeDataset({ '00080018': { vr: 'UI', Value: ['1.5'] } }, ExplicitLittle);
      const body = Buffer.concat([head, Buffer.from(`e07f10004f420000ffffffff${items}`, 'hex')]);
      await assert.rejects(metadataOf(stored(body, JpegBaseline), options), { kind: 'corrupt', field: '7FE00010' });
    });
  }

  corpusTest('of corpus files has every element that reading the file at once gives', async (corpus) => {
    const set = new Set(readFileSync(join(corpus, 'pacs_set.txt'), 'utf8').split('\n'));
    let files = 0;
    for (const { file: name = '', bytes = '0' } of corpusRows(corpus, 'manifest.tsv')) {
      if (!set.has(name) || Number(bytes) > 1_000_000) continue;
      files += 1;
      const path = join(corpus, name);
      const raw = readFileSync(path);
      const { dataOffset, transferSyntaxUid } = readFileMeta(raw);
      const expected = readDataset(raw.subarray(dataOffset), transferSyntaxUid);
      const read = (target: Buffer, at: number) => raw.copy(target, 0, Math.min(at, raw.length));
      const file = { ...stored(Buffer.alloc(0), transferSyntaxUid), path, dataOffset, size: raw.length, read };
      const metadata = await metadataOf(file, { ...options, inlineBytes: 1 << 30 });
      for (const [tag, attribute] of Object.entries(expected)) {
        if (tag === '00080005' || metadata[tag]?.BulkDataURI !== undefined) continue;
        assert.deepEqual(metadata[tag], attribute, `${name} ${tag}`);
      }
      const added = Object.keys(metadata).filter((tag) => expected[tag] === undefined);
      assert.deepEqual(
        added.filter((tag) => !['00080005', '00083002'].includes(tag)),
        [],
        name,
      );
    }
    assert.ok(files > 200, `${files} files`);
  });
});

describe('bulk data', () => {
  const document = (length: number, padded: number): Dataset => ({
    '00420011': { vr: 'OB', InlineBinary: new Uint8Array(padded).fill(0x25) },
    '00420012': { vr: 'LO', Value: ['application/pdf'] },
    '00420015': { vr: 'UL', Value: [length] },
  });

  test('W-B11 an encapsulated document has its own media type, without its padding', async () => {
    const { mediaType, length, read } = await bulkdataOf(made(document(99_999, 100_000)), '00420011');
    assert.equal(mediaType, 'application/pdf');
    assert.equal(length, 99_999);
    assert.equal(Buffer.concat(await collect(read())).length, 99_999);
  });

  test('a document length that is no padding is not believed', async () => {
    assert.equal((await bulkdataOf(made(document(5, 100_000)), '00420011')).length, 100_000);
  });

  for (const path of ['00100010', '00990010', '00081140/0/00091001', '00081140/5/00091001']) {
    test(`${path} is no bulk data here`, async () => {
      await assert.rejects(bulkdataOf(made({}), path), { kind: 'not-found' });
    });
  }

  for (const path of ['', '../../etc/passwd', '7FE0', '7FE00010/', '7FE00010/x/00091001']) {
    test(`'${path}' is no path`, async () => {
      await assert.rejects(bulkdataOf(made({}), path), { kind: 'malformed' });
    });
  }
});
