import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/bridge/config/config.ts';
import { inboxOptions } from '../../../src/bridge/retrieve/inbox-options.ts';

const PACS = ['ONE@127.0.0.1:104', 'TWO@127.0.0.1:105'];
const optionsOf = (env: Record<string, string> = {}) => inboxOptions(loadConfig({ env, flags: { pacs: PACS } }));

test('the configured PACS may send to the inbox, and nobody else', () => {
  const { allowCalling } = optionsOf();
  assert.deepEqual(
    ['ONE', 'TWO', 'THREE', ''].map((calling) => allowCalling(calling)),
    [true, true, false, false],
  );
});

test('anybody may send to the inbox where that is configured', () => {
  assert.ok(optionsOf({ DICOMWEB_DICOM_ALLOW_ANY_CALLER: 'true' }).allowCalling('THREE'));
});
