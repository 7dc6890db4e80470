// C-GET as SCP where the stored transfer syntax was not accepted: uncompressed instances are re-encoded, others fail.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { ExplicitBig, ExplicitLittle, ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../../src/dimse/data/writer.ts';
import { connect, listen } from '../../../src/dimse/index.ts';

/** QueryRetrieveLevel alone: as little as an identifier can be. */
const STUDY_LEVEL: Dataset = { '00080052': { vr: 'CS', Value: ['STUDY'] } };

const GET = '1.2.840.10008.5.1.4.1.2.2.3';
const CT = '1.2.840.10008.5.1.4.1.1.2';
const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';

const dataset: Dataset = {
  '00080016': { vr: 'UI', Value: [CT] },
  '00080018': { vr: 'UI', Value: ['1.2.3'] },
  '00280010': { vr: 'US', Value: [2] },
  '7FE00010': { vr: 'OW', InlineBinary: Buffer.from([1, 2, 3, 4]) },
};

/** What a requestor that accepts `accepted` receives of an instance held in `stored`. */
async function got(t: TestContext, stored: string, accepted: readonly string[]) {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    contexts: (_, proposed) => proposed,
    services: {
      get: async () => ({
        total: 1,
        instances: (async function* () {
          const body = (async function* () {
            yield writeDataset(dataset, stored);
          })();
          yield { sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: stored, body };
        })(),
      }),
    },
  });
  t.after(() => listener.close());
  const association = await connect({
    host: '127.0.0.1',
    port: listener.port,
    calledAeTitle: 'ARCHIVE',
    callingAeTitle: 'VIEWER',
    contexts: [
      { abstractSyntax: GET, transferSyntaxes: [ExplicitLittle] },
      ...accepted.map((each) => ({
        abstractSyntax: CT,
        transferSyntaxes: [each],
        roles: { scu: false, scp: true },
      })),
    ],
  });
  t.after(() => association.release());
  const instances = association.get({ sopClassUid: GET, identifier: STUDY_LEVEL });
  const received: { transferSyntaxUid: string; bytes: Buffer }[] = [];
  for (;;) {
    const step = await instances.next();
    if (step.done) return { received, counts: step.value };
    const { transferSyntaxUid, body } = step.value;
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    received.push({ transferSyntaxUid, bytes: Buffer.concat(chunks) });
  }
}

for (const [stored, accepted, sent] of [
  [ExplicitLittle, [ImplicitLittle], ImplicitLittle],
  [ImplicitLittle, [ExplicitLittle], ExplicitLittle],
  [ExplicitBig, [ImplicitLittle, ExplicitLittle], ExplicitLittle],
  [ImplicitLittle, [ExplicitLittle, ImplicitLittle], ImplicitLittle],
  [ExplicitLittle, [JPEG_BASELINE, ImplicitLittle], ImplicitLittle],
] as const) {
  test(`C-GET: held in ${stored}, accepted ${accepted.join(' ')}: sent in ${sent}, values unchanged`, async (t) => {
    const { received, counts } = await got(t, stored, accepted);
    assert.deepEqual(counts, { status: 0, completed: 1, failed: 0, warning: 0 });
    assert.equal(received[0]?.transferSyntaxUid, sent);
    assert.deepEqual(
      readDataset(received[0]?.bytes ?? Buffer.alloc(0), sent),
      readDataset(writeDataset(dataset, sent), sent),
    );
  });
}

for (const [what, stored, accepted] of [
  ['an uncompressed instance is not compressed', ExplicitLittle, JPEG_BASELINE],
  ['a compressed instance is not decompressed', JPEG_BASELINE, ExplicitLittle],
] as const) {
  test(`C-GET: ${what}: a failed sub-operation`, async (t) => {
    await assert.rejects(got(t, stored, [accepted]), { kind: 'status', status: 0xa702 });
  });
}
