// Writes openapi.json, which the gateway serves and other tools read, from the typed contract.

import { writeFileSync } from 'node:fs';
import { DOCUMENT } from './openapi.ts';

writeFileSync(new URL('openapi.json', import.meta.url), `${JSON.stringify(DOCUMENT, null, 1)}\n`);
