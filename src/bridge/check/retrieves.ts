// Steps of `check` that bring one instance here, by C-GET and by C-MOVE, through what the gateway itself retrieves with.

import { DicomError } from '../../dimse/errors.ts';
import { describeStatus } from '../../dimse/index.ts';
import type { Config, PacsConfig } from '../config/config.ts';
import { createPacs, type Pacs } from '../pacs/pacs.ts';
import { COMPRESSED_SYNTAXES } from '../retrieve/contexts.ts';
import { type FirstPass, furtherAttempts } from '../retrieve/fetch/attempts.ts';
import { transferListed } from '../retrieve/fetch/listed.ts';
import { type Inbox, openInbox } from '../retrieve/inbox.ts';
import { inboxOptions } from '../retrieve/inbox-options.ts';
import { createTransfer, isUnable, type TransferRequest } from '../retrieve/transfer.ts';
import { type CheckRow, type Finding, step } from './row.ts';
import { type Sample, shortName } from './samples.ts';

/** What listens for the C-STOREs of a C-MOVE, and what it had to refuse; or why nothing listens. */
export type Post = { inbox: Inbox; refused: Set<string> } | { reason: string };

/** The gateway's own listener, by its own rules. */
export async function openPost(config: Config): Promise<Post> {
  if (!config.dicom.enabled) return { reason: 'dicom.enabled is false' };
  const refused = new Set<string>();
  const note = (line: string) => {
    if (/ rejected: |TLS handshake failed|^C-STORE /.test(line)) refused.add(line);
  };
  try {
    return { inbox: await openInbox({ ...inboxOptions(config), log: { debug: note, warn: note } }), refused };
  } catch {
    // A free port would not do: the PACS sends to the one that it knows.
    return {
      reason:
        `port ${config.dicom.port} is taken, perhaps by a gateway that runs, and the PACS sends to no other: stop it and ` +
        'check again, or have it retrieve a study, which says the same of what fails',
    };
  }
}

/** A row for each way that `retrieve` allows. Where one of two ways works, the other's failure is a warning. */
export async function checkRetrieves(
  config: Config,
  pacs: PacsConfig,
  sample: Sample,
  post: Post,
): Promise<CheckRow[]> {
  const rows: CheckRow[] = [];
  if (pacs.retrieve !== 'move') rows.push(await tryWay(config, pacs, sample, 'get', post));
  if (pacs.retrieve !== 'get') rows.push(await tryWay(config, pacs, sample, 'move', post, { persists: true }));
  // A C-MOVE that works is less than C-GETs for each transfer syntax.
  if (pacs.retrieve !== 'move' && rows.every(({ state }) => state === 'fail')) {
    rows[0] = await tryWay(config, pacs, sample, 'get', post, { persists: true });
  }
  return rows.map((row) => {
    const instead = rows.find((other) => other !== row && other.state === 'ok');
    if (row.state !== 'fail' || instead === undefined) return row;
    return { ...row, state: 'warn', detail: `${instead.step} is used instead: ${row.detail}` };
  });
}

async function tryWay(
  config: Config,
  pacs: PacsConfig,
  sample: Sample,
  way: 'get' | 'move',
  post: Post,
  { persists = false } = {},
): Promise<CheckRow> {
  const name = way === 'get' ? 'C-GET' : 'C-MOVE';
  if (way === 'move' && 'reason' in post) {
    return { pacs: pacs.aeTitle, step: name, state: 'fail', ms: 0, detail: `not tried: ${post.reason}` };
  }
  const { inbox, refused } = 'inbox' in post ? post : { inbox: undefined, refused: new Set<string>() };
  refused.clear();
  const { row } = await step(pacs, name, (signal) =>
    retrieve(config, { ...pacs, retrieve: way }, { ...sample, persists }, inbox, signal),
  );
  if (row.state === 'ok' || refused.size === 0) return row;
  return { ...row, detail: `${row.detail}; meanwhile the gateway refused: ${[...refused].join('; ')}` };
}

async function retrieve(
  config: Config,
  pacs: PacsConfig,
  { persists, ...sample }: Sample & { persists: boolean },
  inbox: Inbox | undefined,
  signal: AbortSignal,
): Promise<Finding> {
  const remote = createPacs({ config: pacs, aeTitle: config.aeTitle });
  const arrived: string[] = [];
  let bytes = 0;
  const receive: TransferRequest['receive'] = async ({ body, transferSyntaxUid }) => {
    for await (const chunk of body) bytes += chunk.length;
    arrived.push(shortName(transferSyntaxUid));
  };
  const found = () => `1 instance, ${bytes} bytes, ${arrived[0]}`;
  try {
    const first = await firstPass(remote, inbox, { ...sample, receive, signal });
    if (arrived.length > 0) return { detail: found() };
    if (persists && (await persist(remote, inbox, first, { ...sample, receive, signal, arrived }))) {
      return {
        detail: `${found()}: it sends a SOP class in one transfer syntax, and is asked for one after the other`,
      };
    }
    throw nothingCame(remote, first);
  } finally {
    await remote.close();
  }
}

type Asked = Sample & Pick<TransferRequest, 'receive' | 'signal'>;

/** As a gateway's own first pass: one that was unable to send is asked again. */
async function firstPass(remote: Pacs, inbox: Inbox | undefined, asked: Asked): Promise<FirstPass> {
  const { study, series, instance, ...rest } = asked;
  const target = { study, series, instances: [instance] };
  return createTransfer(inbox)(remote, { ...rest, target, count: 1 }).catch((error: unknown) => {
    if (!isUnable(error)) throw error;
    return { error };
  });
}

/** As a gateway makes good what did not come; whether it came. */
async function persist(
  remote: Pacs,
  inbox: Inbox | undefined,
  first: FirstPass,
  { arrived, sopClassUids, series, instance, ...asked }: Asked & { arrived: readonly string[] },
): Promise<boolean> {
  const transfer = createTransfer(inbox);
  for (const attempt of furtherAttempts({ sopClassUids: [...sopClassUids] }, first, COMPRESSED_SYNTAXES)) {
    await transferListed(remote, transfer, { ...asked, ...attempt, listed: [{ series, instance }] });
    if (arrived.length > 0) return true;
  }
  return false;
}

function nothingCame({ config, name }: Pacs, first: FirstPass): unknown {
  if ('error' in first) return first.error;
  const { status, failed, passedOver } = first;
  const operation = config.retrieve === 'get' ? 'C-GET' : 'C-MOVE';
  if (!failed && passedOver.length === 0) {
    return new DicomError('status', `${operation} to ${name}: it says that it has nothing to send`);
  }
  return new DicomError(
    'status',
    `${operation} to ${name}: no instance came, status ${describeStatus(operation, status)}, ${failed ?? 'all'} failed`,
    { operation, status: 0xa702 },
  );
}
