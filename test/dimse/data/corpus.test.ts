// Real files against pydicom's reading of them, and against themselves: read and written, re-encoded and read again.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attribute, Dataset } from '../../../src/dimse/data/dataset.ts';
import { fromJson, toJson } from '../../../src/dimse/data/json.ts';
import { readFileMeta } from '../../../src/dimse/data/part10.ts';
import { isIncomplete, readDataset } from '../../../src/dimse/data/reader.ts';
import { Tag } from '../../../src/dimse/data/tags.ts';
import { Deflated, ExplicitLittle, ImplicitLittle, transferSyntax } from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { fromXml, toXml } from '../../../src/dimse/data/xml.ts';
import { corpusRows, corpusTest } from '../../support/corpus.ts';
import { compareDatasets, digest, pydicomReadings } from '../../support/pydicom.ts';
import { convertDataset } from './converted.ts';
import { GROUP_ONE, ODD_LENGTHS, OTHER_BYTES, UNREADABLE } from './corpus-exceptions.ts';

type CorpusFile = { name: string; key: string; syntax: string; body: Buffer };

function* files(dir: string): Generator<CorpusFile> {
  for (const { file: name = '' } of corpusRows(dir, 'manifest.tsv')) {
    const key = name.slice(-12, -4);
    if (UNREADABLE[key] !== undefined) continue;
    const bytes = readFileSync(join(dir, name));
    const { dataOffset, transferSyntaxUid: syntax } = readFileMeta(bytes);
    yield { name, key, syntax, body: bytes.subarray(dataOffset) };
  }
}

/** pydicom leaves pixels big endian, which the comparison makes good for words of 16 bits; here for those of 32. */
function withTurnedPixels(dataset: Dataset, big: boolean): Dataset {
  const { [Tag.PixelData]: pixels, [Tag.BitsAllocated]: bits } = dataset;
  if (!big || pixels?.vr !== 'OW' || bits?.Value?.[0] !== 32) return dataset;
  return { ...dataset, [Tag.PixelData]: { vr: 'OW', InlineBinary: Buffer.from(pixels.InlineBinary ?? []).swap32() } };
}

corpusTest('every element of every file reads as pydicom reads it', (dir) => {
  const readings = pydicomReadings(dir);
  const unread: string[] = [];
  for (const { name, key, syntax, body } of files(dir)) {
    const theirs = readings.get(name);
    assert.ok(theirs, name);
    if (theirs.error !== undefined) unread.push(key);
    else if (GROUP_ONE[key] === undefined) {
      const big = transferSyntax(syntax)?.endian === 'big';
      compareDatasets(withTurnedPixels(readDataset(body, syntax), big), theirs.dataset, `${name} `, big);
    }
  }
  assert.deepEqual(unread, ['4c637783', '214d8311'], 'files that pydicom does not read');
});

corpusTest('a file that breaks off is incomplete, and no data set is no DICOM file', (dir) => {
  const outcomes: Record<string, string> = {};
  for (const { file = '' } of corpusRows(dir, 'manifest.tsv')) {
    const key = file.slice(-12, -4);
    if (UNREADABLE[key] === undefined) continue;
    try {
      const bytes = readFileSync(join(dir, file));
      const { dataOffset, transferSyntaxUid } = readFileMeta(bytes);
      readDataset(bytes.subarray(dataOffset), transferSyntaxUid);
      outcomes[key] = 'read';
    } catch (error) {
      outcomes[key] = isIncomplete(error) ? 'incomplete' : String(error);
    }
  }
  const expected = Object.fromEntries(Object.keys(UNREADABLE).map((key) => [key, 'incomplete']));
  assert.deepEqual(outcomes, { ...expected, '52912b99': 'DicomError: Not a DICOM file' });
});

/** Group lengths are not written again (PS3.5 7.2), wherever they were. */
function hasGroupLength(body: Buffer, syntax: string): boolean {
  const { explicit, endian } = transferSyntax(syntax) ?? {};
  if (explicit) return body.includes(Buffer.from(endian === 'big' ? '\0\0UL\0\x04' : '\0\0UL\x04\0', 'latin1'));
  const groups = [0x0004, 0x0008, 0x0010, 0x0018, 0x0020, 0x0028, 0x0040, 0x0088, 0x7fe0];
  return groups.some((group) => body.includes(Buffer.from([group & 0xff, group >> 8, 0, 0, 4, 0, 0, 0])));
}

corpusTest('a well-formed data set, read with its text kept and written, is the same byte for byte', (dir) => {
  const others: string[] = [];
  for (const { key, syntax, body } of files(dir)) {
    const dataset = readDataset(body, syntax, { keepText: true });
    const same = (['defined', 'undefined'] as const).some((sequences) =>
      writeDataset(dataset, syntax, { charset: 'declared', sequences }).equals(body),
    );
    if (!same && !hasGroupLength(body, syntax) && syntax !== Deflated) others.push(key);
  }
  assert.deepEqual(others.sort(), Object.values(OTHER_BYTES).flat().sort());
});

/** A digest, for a difference would print megabytes. */
function jsonDigest(dataset: Dataset): string {
  return digest(Buffer.from(toJson(dataset)));
}

function evenBytes(attribute: Attribute | undefined): Buffer {
  const bytes = Buffer.from(attribute?.InlineBinary ?? []);
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
}

corpusTest('a data set written in other bytes reads the same again', (dir) => {
  for (const { name, syntax, body } of files(dir)) {
    const dataset = readDataset(body, syntax);
    const { [Tag.PixelData]: pixels, ...rest } = readDataset(writeDataset(dataset, syntax), syntax);
    const { [Tag.PixelData]: before, ...others } = dataset;
    assert.equal(jsonDigest(rest), jsonDigest(others), name);
    assert.ok(Buffer.compare(evenBytes(pixels), evenBytes(before)) === 0, name);
  }
});

corpusTest(
  'NEG-12 re-encoding to the same syntax changes nothing, to Explicit VR Little Endian no value',
  async (dir) => {
    const changed: string[] = [];
    for (const { name, key, syntax, body } of files(dir)) {
      if (!(await convertDataset(body, syntax, syntax)).equals(body)) changed.push(key);
      if (transferSyntax(syntax)?.encapsulated) continue;
      const converted = await convertDataset(body, syntax, ExplicitLittle);
      assert.equal(jsonDigest(readDataset(converted, ExplicitLittle)), jsonDigest(readDataset(body, syntax)), name);
    }
    // One has an item outside a sequence, which is dropped; the other is not in the syntax that it names, and is put right.
    assert.deepEqual(changed.sort(), ['4c637783', '868ec7a8']);
  },
);

corpusTest('PS3.5 7.1.1 making lengths even changes the files with odd ones only, and no value', async (dir) => {
  const changed: string[] = [];
  for (const { name, key, syntax, body } of files(dir)) {
    const even = await convertDataset(body, syntax, syntax, { evenLengths: true });
    assert.equal(even.length % 2, 0, name);
    if (even.equals(body)) continue;
    changed.push(key);
    const { [Tag.PixelData]: pixels, ...rest } = readDataset(even, syntax);
    const { [Tag.PixelData]: before, ...others } = readDataset(body, syntax);
    assert.equal(jsonDigest(rest), jsonDigest(others), name);
    assert.ok(evenBytes(pixels).length >= evenBytes(before).length, name);
  }
  assert.deepEqual(changed.sort(), [...ODD_LENGTHS, '4c637783', '868ec7a8'].sort());
});

corpusTest('Implicit VR keeps every value of standard attributes', async (dir) => {
  for (const { name, syntax, body } of files(dir)) {
    if (syntax !== ImplicitLittle) continue;
    const converted = await convertDataset(body, syntax, ExplicitLittle);
    const back = await convertDataset(converted, ExplicitLittle, ImplicitLittle);
    assert.equal(jsonDigest(readDataset(back, ImplicitLittle)), jsonDigest(readDataset(body, syntax)), name);
  }
});

corpusTest('the JSON model gives the Dataset back', (dir) => {
  for (const { name, syntax, body } of files(dir)) {
    const bulk = ({ length }: { length: number }) => (length < 0 || length > 65536 ? 'http://host/bulk' : undefined);
    const json = toJson(readDataset(body, syntax, { bulk }));
    assert.ok(toJson(fromJson(JSON.parse(json))) === json, name);
  }
});

corpusTest('the Native DICOM Model gives itself back', (dir) => {
  for (const { name, syntax, body } of files(dir)) {
    const bulk = ({ length }: { length: number }) => (length < 0 || length > 65536 ? 'http://host/bulk' : undefined);
    const once = toXml(fromXml(toXml(readDataset(body, syntax, { bulk }))));
    assert.ok(toXml(fromXml(once)) === once, name);
  }
});
