// `check`: what each configured PACS can do, tried hop by hop, and what is wrong in words that say where to look.

import type { Config, PacsConfig } from '../config/config.ts';
import { Learned } from '../pacs/learned.ts';
import { keepingOf } from '../pacs/learned-file.ts';
import { connectorOf, createPacs, type Pacs } from '../pacs/pacs.ts';
import { OPTIONS, tryOption } from './agreements.ts';
import { describeAssociation, describeStorage, reachSocket, timeEcho, tryTls } from './links.ts';
import { tryCharset, tryPatientRoot, tryRelational } from './queries.ts';
import { checkRetrieves, openPost, type Post } from './retrieves.ts';
import { type CheckRow, step } from './row.ts';
import { type Found, sampleOf } from './samples.ts';

export { type CheckRow, printChecks } from './row.ts';

type CheckOptions = { log?: (line: string) => void };

/**
 * Every PACS after the other; a step that needs one that failed is left out. Never throws for what a PACS does. What was learned
 * is kept for the gateways that have the same cache folder; `log` takes why it could not be.
 */
export async function check(config: Config, { log = () => {} }: CheckOptions = {}): Promise<CheckRow[]> {
  const rows: CheckRow[] = [];
  const post = await openPost(config);
  try {
    for (const pacs of config.pacs) rows.push(...(await checkPacs(config, pacs, post, log)));
  } finally {
    if ('inbox' in post) await post.inbox.close();
  }
  return rows;
}

async function checkPacs(
  config: Config,
  pacs: PacsConfig,
  post: Post,
  log: (line: string) => void,
): Promise<CheckRow[]> {
  const open = connectorOf({ config: pacs, aeTitle: config.aeTitle });
  const rows: CheckRow[] = [];
  const isWell = (row: CheckRow) => rows.push(row) > 0 && row.state !== 'fail';
  const tcp = await step(pacs, 'TCP', (signal) => reachSocket(pacs, signal));
  if (!isWell(tcp.row)) return rows;
  if (pacs.tls.enabled && !isWell((await step(pacs, 'TLS', (signal) => tryTls(pacs, signal))).row)) return rows;
  const associated = await step(pacs, 'association', (signal) => describeAssociation(open, signal));
  if (!isWell(associated.row)) return rows;
  const remote = createPacs({ config: pacs, aeTitle: config.aeTitle });
  try {
    rows.push((await step(pacs, 'C-ECHO', (signal) => timeEcho(remote, signal))).row);
    const found = await step<Found>(pacs, 'C-FIND study', (signal) => sampleOf(remote, signal));
    rows.push(found.row);
    if (found.row.state !== 'fail') {
      const study = found.value?.study;
      rows.push(
        (await step(pacs, 'C-FIND patient', (signal) => tryPatientRoot(remote, signal), 'warn')).row,
        (await step(pacs, 'relational', (signal) => tryRelational(remote, signal), 'warn')).row,
        (await step(pacs, 'charset', (signal) => tryCharset(remote, study, signal), 'warn')).row,
      );
      for (const option of OPTIONS) {
        rows.push((await step(pacs, option.step, (signal) => tryOption(remote, option, signal), 'warn')).row);
      }
    }
    rows.push((await step(pacs, 'C-STORE', (signal) => describeStorage(open, signal), 'warn')).row);
    const sample = found.value?.sample;
    if (sample !== undefined) rows.push(...(await checkRetrieves(config, pacs, sample, post)));
    learnWay(remote, rows);
    return rows;
  } finally {
    await remote.close();
    const kept = new Learned({ keeping: keepingOf(config, pacs, log) });
    kept.take(remote.learned);
    await kept.idle();
  }
}

/** As a gateway would by its first retrieve: C-GET where it works, C-MOVE where that works alone. */
function learnWay({ learned }: Pacs, rows: readonly CheckRow[]): void {
  const works = (name: CheckRow['step']) => rows.some(({ step: tried, state }) => tried === name && state === 'ok');
  if (works('C-GET')) learned.learn({ way: 'get' });
  else if (works('C-MOVE') && rows.some(({ step: tried }) => tried === 'C-GET')) learned.learn({ way: 'move' });
}
