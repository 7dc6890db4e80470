// The file of what was learned about one PACS: private, replaced as a whole, and never worth failing for.

import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../cache/file.ts';
import type { Config, PacsConfig } from '../config/config.ts';

/** A fact and when it was seen, in ms since 1970; `null` is a fact that turned out wrong. */
export type Seen = { is: boolean | string | null; at: number };

export type Keeping = {
  /** Undefined where there is none. */
  read(): Promise<unknown>;
  write(facts: Readonly<Record<string, Seen>>): Promise<void>;
};

/** Another host, port, AE title on either side, or TLS in place of none: another PACS. */
export function keepingOf({ cache, aeTitle }: Config, pacs: PacsConfig, log: (line: string) => void): Keeping {
  const over = pacs.tls.enabled ? ' over TLS' : '';
  const peer = `${pacs.aeTitle}@${pacs.host}:${pacs.port}, called by ${pacs.callingAeTitle ?? aeTitle}${over}`;
  const folder = join(cache.dir, 'pacs');
  const file = join(folder, `${createHash('sha256').update(peer).digest('hex').slice(0, 16)}.json`);
  const lost = (cause: unknown) =>
    log(
      `what was learned about ${pacs.aeTitle} is not kept: ${cause instanceof Error ? cause.message : 'unknown error'}`,
    );
  return {
    async read() {
      try {
        const content = JSON.parse(await readFile(file, 'utf8'));
        return content?.pacs === peer ? content.facts : undefined;
      } catch {
        return undefined;
      }
    },
    async write(facts) {
      const next = `${file}.${process.pid}`;
      try {
        await makeFolder(folder);
        await writeFile(next, JSON.stringify({ pacs: peer, facts }), { mode: 0o600 });
        await rename(next, file);
      } catch (cause) {
        lost(cause);
        await rm(next, { force: true }).catch(lost);
      }
    },
  };
}

/** The facts in what a file holds; what is none is left out. */
export function unfold(content: unknown): [name: string, seen: Seen][] {
  return Object.entries(content ?? {}).filter((entry): entry is [string, Seen] => isSeen(entry[1]));
}

function isSeen(value: unknown): value is Seen {
  if (typeof value !== 'object' || value === null || !('at' in value) || !('is' in value)) return false;
  return Number.isFinite(value.at) && (value.is === null || ['boolean', 'string'].includes(typeof value.is));
}
