// `check`: what each configured PACS can do, tried hop by hop, and what is wrong in words that say where to look.

import { connect as connectSocket } from 'node:net';
import { uidName } from '../dimse/data/uid.ts';
import { DicomError } from '../dimse/errors.ts';
import { type Association, connect } from '../dimse/index.ts';
import { causeOf } from './check-causes.ts';
import { type Sample, sampleOf, storageProbe, takenSyntaxes } from './check-samples.ts';
import type { Config, PacsConfig } from './config.ts';
import { PatientRootFind, QUERY_RETRIEVE_CONTEXTS, StudyRootFind, StudyRootGet, StudyRootMove } from './contexts.ts';
import { type Inbox, openInbox } from './inbox.ts';
import { createPacs } from './pacs.ts';
import { createTransfer } from './transfer.ts';

export type CheckRow = {
  pacs: string;
  step: 'tcp' | 'association' | 'C-ECHO' | 'C-STORE contexts' | 'C-FIND' | 'C-GET' | 'C-MOVE';
  ok: boolean;
  ms: number;
  /** What was found, or what went wrong and its likely cause. */
  detail: string;
};

/** Deadline of each step. */
const STEP_MS = 60_000;

type Outcome<Value> = { row: CheckRow; value?: Value };

/** Every PACS after the other; a step that needs one that failed is left out. Never throws for what a PACS does. */
export async function check(config: Config): Promise<CheckRow[]> {
  const rows: CheckRow[] = [];
  const inbox = await inboxOf(config);
  try {
    for (const pacs of config.pacs) rows.push(...(await checkPacs(config, pacs, inbox)));
  } finally {
    if ('port' in inbox) await inbox.close();
  }
  return rows;
}

/** The rows as a table for people. */
export function printChecks(rows: readonly CheckRow[]): string {
  const width = Math.max(4, ...rows.map(({ pacs }) => pacs.length));
  const lines = rows.map(({ pacs, step, ok, ms, detail }) =>
    [
      pacs.padEnd(width),
      step.padEnd(16),
      (ok ? 'ok' : 'FAIL').padEnd(4),
      `${ms.toFixed(0)} ms`.padStart(8),
      detail,
    ].join('  '),
  );
  return `${lines.join('\n')}\n`;
}

async function checkPacs(config: Config, pacs: PacsConfig, inbox: Inbox | { reason: string }): Promise<CheckRow[]> {
  const tcp = await step(pacs, 'tcp', (signal) => reachSocket(pacs, signal));
  if (!tcp.row.ok) return [tcp.row];
  const associated = await step(pacs, 'association', (signal) => describeAssociation(config, pacs, signal));
  if (!associated.row.ok) return [tcp.row, associated.row];
  const remote = createPacs({ config: pacs, aeTitle: config.aeTitle });
  try {
    const echo = await step(pacs, 'C-ECHO', async (signal) => {
      await remote.echo(signal);
      return { detail: 'answered' };
    });
    const store = await step(pacs, 'C-STORE contexts', (signal) => describeStorage(config, pacs, signal));
    const find = await step(pacs, 'C-FIND', (signal) => sampleOf(remote, signal));
    const rows = [tcp.row, associated.row, echo.row, store.row, find.row];
    return find.value === undefined ? rows : [...rows, ...(await checkRetrieve(config, pacs, find.value, inbox))];
  } finally {
    await remote.close();
  }
}

async function step<Value>(
  pacs: PacsConfig,
  name: CheckRow['step'],
  run: (signal: AbortSignal) => Promise<{ detail: string; value?: Value }>,
): Promise<Outcome<Value>> {
  const started = performance.now();
  const row = (ok: boolean, detail: string): CheckRow => {
    return { pacs: pacs.aeTitle, step: name, ok, ms: Math.round((performance.now() - started) * 10) / 10, detail };
  };
  try {
    const { detail, value } = await run(AbortSignal.timeout(STEP_MS));
    return value === undefined ? { row: row(true, detail) } : { row: row(true, detail), value };
  } catch (error) {
    return { row: row(false, causeOf(error, pacs)) };
  }
}

function reachSocket({ host, port, timeouts }: PacsConfig, signal: AbortSignal): Promise<{ detail: string }> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host, port });
    const end = (error?: Error) => {
      socket.destroy();
      if (error === undefined) resolve({ detail: `${host}:${port} takes connections` });
      else reject(error);
    };
    const silent = () => end(new DicomError('timeout', `${host}:${port} does not answer`, { operation: 'connect' }));
    socket.setTimeout(timeouts.connect, silent);
    signal.addEventListener('abort', silent, { once: true });
    socket.once('connect', () => end());
    socket.once('error', end);
  });
}

async function onAssociation<Value>(
  config: Config,
  pacs: PacsConfig,
  contexts: Parameters<typeof connect>[0]['contexts'],
  signal: AbortSignal,
  run: (association: Association) => Value,
): Promise<Value> {
  const { arrival: _, ...timeouts } = pacs.timeouts;
  const association = await connect({
    host: pacs.host,
    port: pacs.port,
    calledAeTitle: pacs.aeTitle,
    callingAeTitle: pacs.callingAeTitle ?? config.aeTitle,
    contexts,
    timeouts,
    signal,
  });
  try {
    return run(association);
  } finally {
    await association.release();
  }
}

const SERVICES = [
  [StudyRootFind, 'C-FIND'],
  [PatientRootFind, 'C-FIND by patient'],
  [StudyRootGet, 'C-GET'],
  [StudyRootMove, 'C-MOVE'],
] as const;

function describeAssociation(config: Config, pacs: PacsConfig, signal: AbortSignal): Promise<{ detail: string }> {
  return onAssociation(config, pacs, [...QUERY_RETRIEVE_CONTEXTS], signal, ({ contexts, implementation }) => {
    const find = (uid: string) => contexts.find(({ abstractSyntax }) => abstractSyntax === uid);
    const offers = SERVICES.filter(([uid]) => find(uid) !== undefined).map(([, name]) => name);
    const relational = find(StudyRootFind)?.extended?.[0] === 1 ? ', relational queries' : '';
    const software = implementation.versionName === undefined ? '' : `${implementation.versionName} `;
    return { detail: `${software}offers ${offers.join(', ') || 'neither query nor retrieve'}${relational}` };
  });
}

function describeStorage(config: Config, pacs: PacsConfig, signal: AbortSignal): Promise<{ detail: string }> {
  return onAssociation(config, pacs, storageProbe(), signal, (association) => ({ detail: takenSyntaxes(association) }));
}

async function checkRetrieve(
  config: Config,
  pacs: PacsConfig,
  sample: Sample,
  inbox: Inbox | { reason: string },
): Promise<CheckRow[]> {
  const get = await step(pacs, 'C-GET', (signal) =>
    retrieve(config, { ...pacs, retrieve: 'get' }, sample, undefined, signal),
  );
  if (!('port' in inbox)) {
    return [
      get.row,
      { pacs: pacs.aeTitle, step: 'C-MOVE', ok: get.row.ok, ms: 0, detail: `not tried: ${inbox.reason}` },
    ];
  }
  const move = await step(pacs, 'C-MOVE', (signal) =>
    retrieve(config, { ...pacs, retrieve: 'move' }, sample, inbox, signal),
  );
  return pacs.retrieve === 'auto' ? eitherWillDo(get.row, move.row) : [pacs.retrieve === 'get' ? get.row : move.row];
}

/** With `retrieve: auto` one way is enough; the other one is told, not blamed. */
function eitherWillDo(get: CheckRow, move: CheckRow): CheckRow[] {
  const instead = (row: CheckRow, other: CheckRow) =>
    row.ok || !other.ok
      ? row
      : { ...row, ok: true, detail: `not possible, ${other.step} is used instead: ${row.detail}` };
  return [instead(get, move), instead(move, get)];
}

async function retrieve(
  config: Config,
  pacs: PacsConfig,
  sample: Sample,
  inbox: Inbox | undefined,
  signal: AbortSignal,
): Promise<{ detail: string }> {
  const remote = createPacs({ config: pacs, aeTitle: config.aeTitle });
  const arrived: string[] = [];
  let bytes = 0;
  try {
    const counts = await createTransfer(inbox)(remote, {
      target: { study: sample.study, series: sample.series, instances: [sample.instance] },
      sopClassUids: sample.sopClassUids,
      count: 1,
      receive: async ({ body, transferSyntaxUid }) => {
        for await (const chunk of body) bytes += chunk.length;
        arrived.push(uidName(transferSyntaxUid) ?? transferSyntaxUid);
      },
      signal,
    });
    if (arrived.length > 0) return { detail: `1 instance, ${bytes} bytes, ${arrived[0]}` };
    throw new DicomError(
      'status',
      `no instance came (status ${counts.status.toString(16)}, ${counts.failed ?? 0} failed)`,
    );
  } finally {
    await remote.close();
  }
}

async function inboxOf({ aeTitle, dicom, pacs }: Config): Promise<Inbox | { reason: string }> {
  if (!dicom.enabled) return { reason: 'dicom.enabled is false' };
  const { host, port, maxAssociations } = dicom;
  const aeTitles = [...new Set(pacs.map(({ callingAeTitle }) => callingAeTitle ?? aeTitle))];
  try {
    return await openInbox({ host, port, maxAssociations, aeTitles, allowCalling: () => true });
  } catch {
    return { reason: `port ${port} is taken, perhaps by a gateway that runs` };
  }
}
