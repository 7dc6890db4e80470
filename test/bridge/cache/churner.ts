// A process that writes, documents, declares whole, reads and evicts in the cache in its first argument until it is killed; with
// 'off' in its second one that keeps nothing.

import { Cache } from '../../../src/bridge/cache/cache.ts';
import { arriving } from '../fixtures.ts';
import { documentOf, KINDS, MAX_BYTES, madeAt, TOGETHER } from './churned.ts';

const [dir = '', keeping] = process.argv.slice(2);
const cache = await Cache.open({ dir, enabled: keeping !== 'off', maxBytes: MAX_BYTES, maxAge: 86_400_000 });
for (let at = 0; ; ) {
  const files = [];
  for (let one = 0; one < TOGETHER; one += 1, at += 1) {
    const made = madeAt(at);
    const file = await cache.write(arriving(made, { chunk: 16_384 }), 'PACS');
    for (const kind of KINDS) file.keep(kind, documentOf(made, kind));
    files.push(file);
    process.send?.(at);
  }
  await Promise.all(files.map((file) => file.onDisk()));
  cache.setWhole('PACS', { study: madeAt(at - 1).study }, files);
  for (const file of files) file.release();
}
