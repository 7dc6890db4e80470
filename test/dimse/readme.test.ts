// The examples of src/dimse/README.md are run as they stand there: the requestor against the acceptor.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { test } from 'node:test';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { writeDataset } from '../../src/dimse/data/writer.ts';
import { connect, type Instance, type Listener, listen } from '../../src/dimse/index.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const text = readFileSync(new URL('../../src/dimse/README.md', import.meta.url), 'utf8');

/** The code below a heading, with what only this test knows put in; each piece must be there. */
function example(heading: string, pieces: Record<string, string>): string {
  const [, code = ''] = /```ts\n(.*?)```/s.exec(text.slice(text.indexOf(`## ${heading}`))) ?? [];
  assert.ok(code.length > 200, heading);
  return Object.entries(pieces).reduce((before, [written, meant]) => {
    assert.ok(before.includes(written), `${heading}: ${written}`);
    return before.replace(written, meant);
  }, stripTypeScriptTypes(code));
}

/** What the code leaves in `result`, run with the names that the example takes for granted. */
function run(code: string, result: string, names: Record<string, unknown>): Promise<unknown> {
  const body = `return (async () => { ${code}; return ${result}; })();`;
  return new Function(...Object.keys(names), body)(...Object.values(names));
}

test('the acceptor of the README serves its requestor', async (t) => {
  const dataset: Dataset = {
    '00080016': { vr: 'UI', Value: [CT] },
    '00080018': { vr: 'UI', Value: ['1.2.3.1'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'DOE^JANE' }] },
  };
  const bytes = writeDataset(dataset, ExplicitLittle);
  async function* instancesOf(): AsyncGenerator<Instance> {
    for (const last of ['1', '2']) {
      const body = (async function* () {
        yield bytes;
      })();
      yield { sopClassUid: CT, sopInstanceUid: `1.2.3.${last}`, transferSyntaxUid: ExplicitLittle, body };
    }
  }
  const syntaxes = { EXPLICIT: ExplicitLittle, IMPLICIT: '1.2.840.10008.1.2' };
  const served = {
    ...{ listen, ...syntaxes, instancesOf },
    supported: new Set(['1.2.840.10008.5.1.4.1.2.2.1', '1.2.840.10008.5.1.4.1.2.2.3', CT]),
    search: async () => [dataset],
    keep: async () => {},
    whereIs: () => undefined,
  };
  const acceptor = example('Serving: an acceptor', { 'port: 11112': 'port: 0' });
  const listener = (await run(acceptor, 'listener', served)) as Listener;
  t.after(() => listener.close());
  const printed: Dataset[] = [];
  const written: Buffer[] = [];
  const asking = {
    connect,
    write: (chunk: Buffer) => written.push(chunk),
    console: { log: (one: Dataset) => printed.push(one) },
  };
  const requestor = example('Asking: a requestor', {
    "'pacs.example'": "'127.0.0.1'",
    'port: 11112': `port: ${listener.port}`,
  });
  const association = await run(requestor, 'association', asking);
  assert.deepEqual(
    printed.map((match) => match['00100010']),
    [dataset['00100010']],
  );
  assert.deepEqual(Buffer.concat(written), Buffer.concat([bytes, bytes]));
  assert.equal((association as { isOpen: boolean }).isOpen, false);
});
