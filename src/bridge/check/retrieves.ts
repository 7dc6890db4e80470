// Steps of `check` that bring one instance here, by C-GET and by C-MOVE, through what the gateway itself retrieves with.

import { DicomError } from '../../dimse/errors.ts';
import { describeStatus } from '../../dimse/index.ts';
import type { Config, PacsConfig } from '../config/config.ts';
import { createPacs } from '../pacs/pacs.ts';
import { type Inbox, openInbox } from '../retrieve/inbox.ts';
import { inboxOptions } from '../retrieve/inbox-options.ts';
import { createTransfer } from '../retrieve/transfer.ts';
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
  if (pacs.retrieve !== 'get') rows.push(await tryWay(config, pacs, sample, 'move', post));
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
): Promise<CheckRow> {
  const name = way === 'get' ? 'C-GET' : 'C-MOVE';
  if (way === 'move' && 'reason' in post) {
    return { pacs: pacs.aeTitle, step: name, state: 'fail', ms: 0, detail: `not tried: ${post.reason}` };
  }
  const { inbox, refused } = 'inbox' in post ? post : { inbox: undefined, refused: new Set<string>() };
  refused.clear();
  const { row } = await step(pacs, name, (signal) =>
    retrieve(config, { ...pacs, retrieve: way }, sample, inbox, signal),
  );
  if (row.state === 'ok' || refused.size === 0) return row;
  return { ...row, detail: `${row.detail}; meanwhile the gateway refused: ${[...refused].join('; ')}` };
}

async function retrieve(
  config: Config,
  pacs: PacsConfig,
  sample: Sample,
  inbox: Inbox | undefined,
  signal: AbortSignal,
): Promise<Finding> {
  const remote = createPacs({ config: pacs, aeTitle: config.aeTitle });
  const arrived: string[] = [];
  let bytes = 0;
  try {
    const { status, failed } = await createTransfer(inbox)(remote, {
      target: { study: sample.study, series: sample.series, instances: [sample.instance] },
      sopClassUids: sample.sopClassUids,
      count: 1,
      receive: async ({ body, transferSyntaxUid }) => {
        for await (const chunk of body) bytes += chunk.length;
        arrived.push(shortName(transferSyntaxUid));
      },
      signal,
    });
    if (arrived.length > 0) return { detail: `1 instance, ${bytes} bytes, ${arrived[0]}` };
    const operation = pacs.retrieve === 'get' ? 'C-GET' : 'C-MOVE';
    if (!failed) throw new DicomError('status', `${operation} to ${remote.name}: it says that it has nothing to send`);
    throw new DicomError(
      'status',
      `${operation} to ${remote.name}: no instance came, status ${describeStatus(operation, status)}, ${failed} failed`,
      { operation, status: 0xa702 },
    );
  } finally {
    await remote.close();
  }
}
