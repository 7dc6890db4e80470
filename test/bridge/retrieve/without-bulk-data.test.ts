// Metadata by Composite Instance Retrieve Without Bulk Data (PS3.4 Annex Z), and what happens where a PACS has not got it.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { createGateway } from '../../../src/bridge/gateway.ts';
import type { Resource } from '../../../src/bridge/resource.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { collect, drain, emptyDir } from '../fixtures.ts';
import { type Behaviour, type Stored, startFakePacs } from '../peer-pacs.ts';

const never = new AbortController().signal;
const SERIES = { study: '1.1', series: '1.1.1' };
const UIDS = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'];
const ONE = { ...SERIES, instance: '1.1.1.2' };
const TWO = { ...SERIES, instance: '1.1.1.3' };
const IMAGE: Dataset = {
  '00280010': { vr: 'US', Value: [16] },
  '00280011': { vr: 'US', Value: [16] },
  '00280100': { vr: 'US', Value: [16] },
  '00280103': { vr: 'US', Value: [0] },
};
const bare = (made: Stored): Stored => ({ ...made, bytes: 0 });

/** `asked`: 'bare' and a number of UIDs, or the level of an ordinary C-GET. */
async function rig(
  t: TestContext,
  behaviour: Behaviour,
  withoutBulkData: 'never' | 'instance' | 'series' = 'instance',
) {
  const stored: Stored[] = UIDS.map((instance) => ({ ...SERIES, instance, bytes: 100_000, more: IMAGE }));
  const peer = await startFakePacs(t, stored, behaviour);
  const config = loadConfig({
    env: {},
    flags: { pacs: [`${peer.aeTitle}@127.0.0.1:${peer.port}`], 'dicom-port': '0', 'cache-dir': await emptyDir(t) },
  });
  for (const pacs of config.pacs) pacs.withoutBulkData = withoutBulkData;
  const gateway = await createGateway(config);
  t.after(() => gateway.close());
  const metadata = async (resource: Resource): Promise<Dataset[]> => {
    const texts = await collect(gateway.of().metadataJson(resource, { baseUrl: 'http://h', signal: never }));
    return texts.map((text) => JSON.parse(text) as Dataset);
  };
  const asked = () => [
    ...peer.asked.bare.map((identifier) => `bare×${identifier['00080018']?.Value?.length}`),
    ...peer.asked.get.map((identifier) => identifier['00080052']?.Value?.[0]),
  ];
  return { peer, gateway, metadata, asked };
}

const uidsOf = (metadata: Dataset[]) => metadata.map((one) => one['00080018']?.Value?.[0]);

describe('metadata of one instance', () => {
  test('W-D9 come without the bulk data where the PACS takes that, and refer to what was left out', async (t) => {
    const { metadata, asked, peer } = await rig(t, { withoutBulkData: bare });
    const ordinary = await rig(t, {});
    const [one, ...more] = await metadata(ONE);
    const [expected] = await ordinary.metadata(ONE);
    assert.deepEqual(more, []);
    assert.deepEqual(asked(), ['bare×1']);
    assert.equal(
      one?.['7FE00010']?.BulkDataURI,
      'http://h/studies/1.1/series/1.1.1/instances/1.1.1.2/bulkdata/7FE00010',
    );
    // In which transfer syntax it is stored can't be seen.
    delete expected?.['00083002'];
    assert.deepEqual(one, expected);
    assert.deepEqual(Object.keys(peer.asked.bare[0] ?? {}).toSorted(), ['00080018', '00080052']);
  });

  test('come from the whole instance where the PACS does not take it, which is asked of it once', async (t) => {
    const { metadata, asked, peer } = await rig(t, {});
    const plain = await rig(t, {}, 'never');
    for (const one of [ONE, TWO]) {
      assert.deepEqual(await metadata(one), await plain.metadata(one));
    }
    assert.deepEqual(asked(), ['IMAGE', 'IMAGE']);
    assert.ok(peer.listener.associations <= plain.peer.listener.associations + 1);
    assert.ok(peer.asked.find.length <= plain.peer.asked.find.length + 1);
  });

  test('come from what is cached', async (t) => {
    const { metadata, asked, gateway } = await rig(t, { withoutBulkData: bare });
    await drain(gateway.of().retrieve(ONE, { signal: never }));
    assert.deepEqual(uidsOf(await metadata(ONE)), [ONE.instance]);
    assert.deepEqual(asked(), ['IMAGE']);
  });

  test('leave bulk data that come all the same to their references', async (t) => {
    const { metadata, asked } = await rig(t, { withoutBulkData: (made) => made });
    const [one] = await metadata(ONE);
    assert.equal(one?.['7FE00010']?.InlineBinary, undefined);
    assert.match(one?.['7FE00010']?.BulkDataURI ?? '', /bulkdata\/7FE00010$/);
    assert.deepEqual(asked(), ['bare×1']);
  });

  test('that is not there are not found', async (t) => {
    const { metadata, asked } = await rig(t, { withoutBulkData: bare });
    await assert.rejects(metadata({ ...SERIES, instance: '1.1.1.9' }), { kind: 'not-found' });
    assert.deepEqual(asked(), []);
  });

  for (const [what, withoutBulkData] of [
    ['nothing', () => undefined],
    ['another instance', (made: Stored) => ({ ...bare(made), instance: '1.1.1.4' })],
    ['an instance of another study', (made: Stored) => ({ ...bare(made), study: '1.9' })],
    ['more than fits', (made: Stored) => ({ ...made, bytes: 17 << 20 })],
    [
      'a failure',
      () => {
        throw new DicomError('status', 'no', { status: 0xc000 });
      },
    ],
  ] as [string, (made: Stored) => Stored | undefined][]) {
    test(`come from the whole instance where ${what} comes in place of it, and so from then on`, async (t) => {
      const { metadata, asked } = await rig(t, { withoutBulkData });
      for (const one of [ONE, TWO]) assert.deepEqual(uidsOf(await metadata(one)), [one.instance]);
      assert.deepEqual(asked(), ['bare×1', 'IMAGE', 'IMAGE']);
    });
  }
});

describe('metadata of a series', () => {
  test('start the retrieve of the series, so that frames are here afterwards', async (t) => {
    const { metadata, asked } = await rig(t, { withoutBulkData: bare });
    assert.deepEqual(uidsOf(await metadata(SERIES)), UIDS);
    assert.deepEqual(asked(), ['SERIES']);
  });

  test('come without the bulk data where that is configured', async (t) => {
    const { metadata, asked } = await rig(t, { withoutBulkData: bare }, 'series');
    const first = await metadata(SERIES);
    assert.deepEqual(uidsOf(first), UIDS);
    assert.deepEqual(await metadata(SERIES), first);
    assert.deepEqual(asked(), ['bare×4', 'bare×4']);
  });

  test('are made whole by an ordinary retrieve of what did not come so', async (t) => {
    const withoutBulkData = (made: Stored) => (made.instance === '1.1.1.3' ? undefined : bare(made));
    const { metadata, asked } = await rig(t, { withoutBulkData }, 'series');
    assert.deepEqual(uidsOf(await metadata(SERIES)), ['1.1.1.1', '1.1.1.2', '1.1.1.4', '1.1.1.3']);
    assert.deepEqual(asked(), ['bare×4', 'IMAGE']);
  });
});
