// Makes src/render/loops/loops-module.ts of loops.wat: `npm run wasm`.

import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const FOLDER = new URL('../../../src/render/loops/', import.meta.url);

/** What loops.wat is in base64. */
export async function assembled(): Promise<string> {
  const { parseWat } = await wabt();
  const module = parseWat('loops.wat', readFileSync(new URL('loops.wat', FOLDER), 'utf8'));
  return Buffer.from(module.toBinary({}).buffer).toString('base64');
}

if (import.meta.main) {
  const lines = ['// loops.wat assembled, in base64: made by `npm run wasm`.', '', 'export const LOOPS =', '  '];
  writeFileSync(new URL('loops-module.ts', FOLDER), `${lines.join('\n')}'${await assembled()}';\n`);
}
