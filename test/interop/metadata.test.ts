// WADO-RS metadata and frames of an archive's whole content, element by element against an independent reader (pydicom).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { fromJson } from '../../src/dimse/data/json.ts';
import { Tag } from '../../src/dimse/data/tags.ts';
import { transferSyntax } from '../../src/dimse/data/transfer-syntax.ts';
import { interopFiles } from '../fixtures/interop-files.ts';
import type { Loaded } from '../support/archive-files.ts';
import { corpusDir, corpusRows } from '../support/corpus.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { partsOf } from '../support/multipart.ts';
import { type Peer, startOrthanc } from '../support/peers.ts';
import { compareDatasets, pydicomReadings, type TheirDataset, type Theirs } from '../support/pydicom.ts';

const files = await interopFiles();

/** Set by the gateway: metadata is UTF-8 (J-22), and says in which syntax there is the instance. */
const OURS = [Tag.SpecificCharacterSet, '00083002'];

/** What the archive itself (DCMTK) changes when it hands out a file: the tags that are then not compared. */
const CHANGED_BY_ARCHIVE: Record<string, string[]> = {
  // its pixel data have an odd length, which is padded
  'dx_ele_mono1_169x211-8b__test-files-dx-image__602dbefe.dcm': [Tag.PixelData],
  // private values of two NULs, which are written as empty
  'ct_ile_mono2_320x320-12b__import-sample1__12789584.dcm': (
    '00091010 00091030 00091050 00091060 00091070 00091075 00091080 ' +
    '00191010 00191080 00191081 00191090 001910A0 00211020 002110B0'
  ).split(' '),
};

describe('metadata and frames of everything that an archive holds', () => {
  let peer: Peer;
  let gateway: RunningGateway;
  let expected: ReturnType<typeof pydicomReadings>;

  before(async () => {
    const paths = files.map(({ path }) => path);
    peer = await startOrthanc({ files: paths });
    gateway = await startGateway(undefined, [peer]);
    expected = pydicomReadings(dirname(paths[0] ?? ''));
  });
  after(async () => {
    await gateway?.close();
    await peer?.stop();
  });

  for (const file of files) {
    test(`W-D8 T-21 metadata of ${file.name} has every element of the file, each with its value`, async () => {
      const response = await fetch(`${urlOf(gateway, file)}/metadata`, {
        headers: { accept: 'application/dicom+json' },
      });
      const text = await response.text();
      assert.equal(response.status, 200, text.slice(0, 300));
      const [model, ...more] = JSON.parse(text) as unknown[];
      assert.ok(model !== undefined && more.length === 0, 'one data set is expected');
      const reading = expected.get(file.name);
      if (reading === undefined || reading.error !== undefined) throw new Error(`pydicom: ${reading?.error}`);
      const metadata = await withBulkData(fromJson(model), file);
      const { dataset } = reading;
      if (isEncapsulated(file) && dataset[Tag.PixelData] !== undefined) assert.ok(metadata[Tag.PixelData]?.BulkDataURI);
      const kept = [
        ...OURS,
        ...(CHANGED_BY_ARCHIVE[file.name] ?? []),
        ...(isEncapsulated(file) ? [Tag.PixelData] : []),
      ];
      compareDatasets(without(metadata, kept), withoutTheirs(dataset, kept), '', isBig(file));
    });
  }

  const dir = corpusDir();
  const truth = dir === undefined ? [] : corpusRows(dir, 'truth.tsv');
  // A file whose pixel data are cut short has no frame to give.
  const native = truth.filter(({ tool, note }) => tool !== '-' && !/one byte per pixel|SHORT/.test(note ?? ''));
  for (const file of files) {
    const hashes = Map.groupBy(
      native.filter((row) => row.file === file.name),
      ({ frame }) => frame ?? '',
    );
    for (const [frame, rows] of hashes) {
      if (!isExact(file)) continue;
      test(`frame ${frame} of ${file.name} is the one that independent decoders see`, async () => {
        const response = await fetch(`${urlOf(gateway, file)}/frames/${frame}`, {
          headers: {
            accept: 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1',
          },
        });
        const body = Buffer.from(await response.arrayBuffer());
        assert.equal(response.status, 200, body.subarray(0, 300).toString());
        const [part] = partsOf(response.headers.get('content-type') ?? '', body);
        const hash = createHash('sha256')
          .update(part?.body ?? '')
          .digest('hex');
        assert.ok(
          rows.some(({ sha256 }) => sha256 === hash),
          `${hash} is none of ${rows.map(({ sha256 }) => sha256)}`,
        );
      });
    }
  }
});

function isEncapsulated({ transferSyntaxUid }: Loaded): boolean {
  return transferSyntax(transferSyntaxUid)?.encapsulated === true;
}

/** Lossy codecs differ by one between decoders; the renderer's own tests compare those with a tolerance. */
function isExact({ transferSyntaxUid }: Loaded): boolean {
  return !/\.4\.(50|51|53|55|81|91|203)$/.test(transferSyntaxUid);
}

function urlOf(gateway: RunningGateway, { study, series, instance }: Loaded): string {
  return `${gateway.url}/studies/${study}/series/${series}/instances/${instance}`;
}

function isBig({ transferSyntaxUid }: Loaded): boolean {
  return transferSyntaxUid === '1.2.840.10008.1.2.2';
}

/** Left out at every level, since an icon image (0088,0200) is encapsulated like the image that it stands for. */
function without(dataset: Dataset, tags: readonly string[]): Dataset {
  const kept = Object.entries(dataset).filter(([tag]) => !tags.includes(tag));
  return Object.fromEntries(
    kept.map(([tag, attribute]) => {
      if (attribute.vr !== 'SQ' || attribute.Value === undefined) return [tag, attribute];
      return [tag, { vr: attribute.vr, Value: attribute.Value.map((item) => without(item as Dataset, tags)) }];
    }),
  );
}

function withoutTheirs(dataset: TheirDataset, tags: readonly string[]): TheirDataset {
  const kept = Object.entries(dataset).filter(([tag]) => !tags.includes(tag));
  return Object.fromEntries(
    kept.map(([tag, [vr, values, field]]): [string, Theirs] => {
      if (vr !== 'SQ') return [tag, [vr, values, field]];
      return [tag, [vr, values.map((item) => withoutTheirs(item as TheirDataset, tags)), field]];
    }),
  );
}

/** Every BulkDataURI replaced by the bytes that are found there; encapsulated pixel data have no single value to compare. */
async function withBulkData(dataset: Dataset, file: Loaded): Promise<Dataset> {
  const entries = Object.entries(dataset).map(async ([tag, attribute]) => {
    if (attribute.vr === 'SQ' && attribute.Value !== undefined) {
      const items = await Promise.all(attribute.Value.map((item) => withBulkData(item as Dataset, file)));
      return [tag, { vr: attribute.vr, Value: items }] as const;
    }
    if (attribute.BulkDataURI === undefined) return [tag, attribute] as const;
    if (tag === Tag.PixelData && isEncapsulated(file)) return [tag, attribute] as const;
    const response = await fetch(attribute.BulkDataURI, {
      headers: { accept: 'multipart/related; type="application/octet-stream", multipart/related; type="*/*"' },
    });
    const body = Buffer.from(await response.arrayBuffer());
    assert.equal(response.status, 200, `${attribute.BulkDataURI}: ${body.subarray(0, 300)}`);
    const [part] = partsOf(response.headers.get('content-type') ?? '', body);
    return [tag, { vr: attribute.vr, InlineBinary: part?.body ?? Buffer.alloc(0) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
