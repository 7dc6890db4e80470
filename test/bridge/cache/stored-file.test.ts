import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FileFacts, storedFile } from '../../../src/bridge/cache/stored-file.ts';

const FACTS: FileFacts = {
  path: '/nowhere/one.dcm',
  sopClassUid: '1.2',
  sopInstanceUid: '1.3',
  studyInstanceUid: '1.1',
  seriesInstanceUid: '1.1.1',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  dataOffset: 300,
  size: 500,
};

const keeping = (stored: Promise<void>) => ({
  landing: { stored, isStored: false, copy: () => undefined, lend: () => undefined },
  hurry: () => {},
  document: () => undefined,
  keep: () => {},
  release: () => {},
});

test('a disk that hangs holds no reader for ever', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const file = storedFile(FACTS, keeping(new Promise(() => {})));
  const waiting = assert.rejects(file.onDisk(), { kind: 'busy', field: 'cache.dir' });
  t.mock.timers.tick(30_000);
  await waiting;
});

test('who waits for the disk leaves no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  await storedFile(FACTS, keeping(Promise.resolve())).onDisk();
  assert.equal(timers(), before);
});
