// Search over the wire: character sets, failures and cancels as a PACS sees and sends them.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { createPacs } from '../../../src/bridge/pacs/pacs.ts';
import { search } from '../../../src/bridge/search/search.ts';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { ExplicitLittle, ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../../src/dimse/errors.ts';
import { listen, type Services } from '../../../src/dimse/index.ts';
import { dataset, valuesOf } from '../fake-pacs.ts';

const NAME = '00100010';
const study = (uid: string, name: string): Dataset => ({
  ...dataset({
    StudyInstanceUID: uid,
    ModalitiesInStudy: 'CT',
    NumberOfStudyRelatedSeries: 1,
    NumberOfStudyRelatedInstances: 1,
  }),
  [NAME]: { vr: 'PN', Value: [{ Alphabetic: name }] },
});

async function ask(
  t: TestContext,
  find: NonNullable<Services['find']>,
  name: string,
  charset = 'ISO_IR 192',
  maxMatches = 100,
) {
  const contexts = () => [ExplicitLittle, ImplicitLittle];
  const listener = await listen({ host: '127.0.0.1', port: 0, contexts, services: { find } });
  const env = { HOME: '/', DICOMWEB_PACS: `P@127.0.0.1:${listener.port}`, DICOMWEB_PACS_0_CHARSET: charset };
  const [config] = loadConfig({ env, flags: {} }).pacs;
  assert.ok(config);
  const pacs = createPacs({ config, aeTitle: 'GATEWAY' });
  t.after(async () => {
    await pacs.close();
    await listener.close();
  });
  const signal = new AbortController().signal;
  const limits = { maxResults: 100, maxMatches, maxFanOut: 10, pacsMs: 1000 };
  const request = { level: 'study' as const, parameters: [['PatientName', name] as const] };
  const found = await search(pacs, request, { baseUrl: 'http://x', signal, limits });
  const names: unknown[] = [];
  for await (const result of found.results) names.push(...(valuesOf(result, 'PatientName') ?? []));
  return { names, warnings: found.warnings };
}

test('T-40 Q-D12 a query with an umlaut names its character set, and arrives whole', async (t) => {
  let asked: Dataset = {};
  async function* find({ identifier }: { identifier: Dataset }) {
    asked = identifier;
    yield study('1.1', 'Müller^Jörg');
  }
  const { names } = await ask(t, find, 'Müller*');
  assert.deepEqual(valuesOf(asked, 'SpecificCharacterSet'), ['ISO_IR 192']);
  assert.deepEqual(valuesOf(asked, 'PatientName'), [{ Alphabetic: 'Müller*' }]);
  assert.deepEqual(names, [{ Alphabetic: 'Müller^Jörg' }]);
});

test('T-41 Q-D13 each answer is read in the character set that it declares, whatever that of the query', async (t) => {
  const asked: unknown[] = [];
  const names = ['Müller^Jörg', 'Мюллер^Йорг', 'Müller^Anna'];
  const charsets = ['ISO_IR 100', 'ISO_IR 144', 'ISO_IR 192'];
  async function* find({ identifier }: { identifier: Dataset }) {
    asked.push(...(valuesOf(identifier, 'SpecificCharacterSet') ?? []));
    for (const [index, name] of names.entries()) {
      yield { ...study(`1.${index}`, name), '00080005': { vr: 'CS' as const, Value: [charsets[index] ?? ''] } };
    }
  }
  const found = await ask(t, find, '*ü*');
  assert.deepEqual(found.names, [{ Alphabetic: 'Müller^Jörg' }, { Alphabetic: 'Müller^Anna' }]);
  const cyrillic = await ask(t, find, 'Мюллер*');
  assert.deepEqual(cyrillic.names, [{ Alphabetic: 'Мюллер^Йорг' }]);
  assert.deepEqual(asked, ['ISO_IR 192', 'ISO_IR 192']);
});

test('Q-D12 a query of ASCII names none', async (t) => {
  let asked: Dataset = {};
  async function* find({ identifier }: { identifier: Dataset }) {
    asked = identifier;
    yield study('1.1', 'DOE^JOHN');
  }
  await ask(t, find, 'DOE*');
  assert.equal(asked['00080005'], undefined);
});

test('Q-D12 a PACS is asked in its own character set; what that lacks is any character, and checked here', async (t) => {
  let asked: Dataset = {};
  async function* find({ identifier }: { identifier: Dataset }) {
    asked = identifier;
    yield study('1.1', 'Łukasz^Jan');
    yield study('1.2', 'Kukasz^Jan');
  }
  const { names } = await ask(t, find, 'Łukasz*', 'ISO_IR 100');
  assert.deepEqual(valuesOf(asked, 'PatientName'), [{ Alphabetic: '?ukasz*' }]);
  assert.deepEqual(names, [{ Alphabetic: 'Łukasz^Jan' }]);
});

test('Q-D12 a PACS is asked with code extensions where it is configured so', async (t) => {
  let asked: Dataset = {};
  async function* find({ identifier }: { identifier: Dataset }) {
    asked = identifier;
    yield { ...study('1.1', 'Yamada^Tarou'), [NAME]: { vr: 'PN' as const, Value: [{ Ideographic: '山田^太郎' }] } };
  }
  const { names } = await ask(t, find, '山田*', '\\ISO 2022 IR 87');
  assert.deepEqual(valuesOf(asked, 'SpecificCharacterSet'), [null, 'ISO 2022 IR 87']);
  assert.deepEqual(valuesOf(asked, 'PatientName'), [{ Alphabetic: '*山田**' }]);
  assert.deepEqual(names, [{ Ideographic: '山田^太郎' }]);
});

test('Q-D17 the failure of a PACS carries its status', async (t) => {
  // biome-ignore lint/correctness/useYield: it fails before its first match
  async function* find(): AsyncGenerator<Dataset> {
    throw new DicomError('status', 'out of resources', { status: 0xa700 });
  }
  await assert.rejects(ask(t, find, 'DOE'), { kind: 'status', operation: 'C-FIND', status: 0xa700 });
});

test('Q-D17 a failure after matches is an error too', async (t) => {
  async function* find(): AsyncGenerator<Dataset> {
    yield study('1.1', 'DOE');
    throw new DicomError('status', 'cannot go on', { status: 0xc001 });
  }
  await assert.rejects(ask(t, find, 'DOE'), { kind: 'status', status: 0xc001 });
});

test('Q-D15 Q-D16 a search that has enough cancels', async (t) => {
  let cancelled = false;
  async function* find(_: unknown, { signal }: { signal: AbortSignal }) {
    for (let index = 1; index < 5000 && !signal.aborted; index++) {
      yield study(`1.${index}`, 'DOE');
      await new Promise((resolve) => setImmediate(resolve));
    }
    cancelled = signal.aborted;
  }
  const { names, warnings } = await ask(t, find, 'DOE', 'ISO_IR 192', 10);
  assert.equal(names.length, 10);
  assert.deepEqual(warnings, ['Only the first 10 matches have been considered.']);
  assert.ok(cancelled);
});
