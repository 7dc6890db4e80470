import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { createGateway } from '../../../src/bridge/gateway.ts';
import { transferSyntax } from '../../../src/dimse/data/transfer-syntax.ts';
import { corpusRows, corpusTest } from '../../support/corpus.ts';
import { freePort, startDcmqrscp, startOrthanc } from '../../support/peers.ts';
import { emptyDir } from '../fixtures.ts';

/** Studies with several SOP classes, or one instance in several transfer syntaxes. */
const STUDIES = ['1.2.840.113619.2.30.1.1762295590.1623.978668949.886', '1.3.6.1.4.1.5962.1.2.5000.1166546115.14677'];

type Peer = Awaited<ReturnType<typeof startDcmqrscp>>;

async function retrieveAll(t: TestContext, peer: Peer, way: 'get' | 'move', port: number) {
  const config = loadConfig({
    env: {},
    flags: {
      pacs: [`${peer.aeTitle}@${peer.host}:${peer.port}`],
      'dicom-port': String(port),
      'cache-dir': await emptyDir(t),
    },
  });
  for (const pacs of config.pacs) pacs.retrieve = way;
  const gateway = await createGateway(config);
  try {
    const found: Record<string, { syntax: string; bytes: Buffer }> = {};
    for (const study of STUDIES) {
      for await (const file of gateway.of().retrieve({ study }, { signal: AbortSignal.timeout(60_000) })) {
        await file.onDisk();
        const bytes = readFileSync(file.path).subarray(file.dataOffset);
        found[file.sopInstanceUid] = { syntax: file.transferSyntaxUid, bytes };
        file.release();
      }
    }
    return found;
  } finally {
    await gateway.close();
  }
}

describe('C-GET and C-MOVE give the same bytes', () => {
  const starts = {
    dcmqrscp: (files: string[], port: number) =>
      startDcmqrscp({ files, moveDestinations: { GATEWAY: { host: '127.0.0.1', port } } }),
    Orthanc: (files: string[], port: number) =>
      startOrthanc({ files, modalities: { GATEWAY: { host: '127.0.0.1', port } } }),
  };
  for (const [name, start] of Object.entries(starts)) {
    corpusTest(`from ${name}, compressed as stored`, async (dir, t) => {
      const set = new Set(readFileSync(join(dir, 'pacs_set.txt'), 'utf8').split('\n'));
      const rows = corpusRows(dir, 'manifest.tsv').filter(
        ({ file = '', study_uid = '' }) => set.has(file) && STUDIES.includes(study_uid),
      );
      const port = await freePort();
      const peer = await start(
        rows.map(({ file = '' }) => join(dir, file)),
        port,
      );
      t.after(() => peer.stop());
      const got = await retrieveAll(t, peer, 'get', port);
      const moved = await retrieveAll(t, peer, 'move', port);
      assert.deepEqual(Object.keys(got).sort(), rows.map(({ sop_instance_uid = '' }) => sop_instance_uid).sort());
      assert.deepEqual(moved, got);
      for (const { sop_instance_uid = '', transfer_syntax_uid = '' } of rows) {
        if (transferSyntax(transfer_syntax_uid)?.encapsulated !== true) continue;
        assert.equal(got[sop_instance_uid]?.syntax, transfer_syntax_uid);
      }
    });
  }
});
