// A process that fills the cache in its first argument until it is killed, and reports each instance that is written.

import { Cache } from '../../../src/bridge/cache/cache.ts';
import { arriving } from '../fixtures.ts';

const [dir = '', round = '0'] = process.argv.slice(2);
const cache = await Cache.open({ dir, maxBytes: 1 << 30, maxAge: 86_400_000 });
for (let at = 0; ; at += 1) {
  const made = { study: '1.1', series: '1.1.1', instance: `1.${round}.${at}`, bytes: 300_000 };
  const file = await cache.write(arriving(made, { chunk: 4096 }), 'PACS');
  await file.onDisk();
  file.release();
  process.send?.(at);
}
