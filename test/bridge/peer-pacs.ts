// A PACS for tests, on our own listener: holds made instances, answers C-FIND, C-GET and C-MOVE, counts what it is asked, and
// can be told to behave oddly.

import type { TestContext } from 'node:test';
import { WithoutBulkDataGet } from '../../src/bridge/retrieve/contexts.ts';
import { supportedSyntaxes } from '../../src/bridge/retrieve/inbox.ts';
import type { Dataset } from '../../src/dimse/data/dataset.ts';
import { ExplicitLittle, ImplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import {
  type Instance,
  type Listener,
  type ListenOptions,
  listen,
  type ServiceContext,
  type Services,
  type TlsOptions,
} from '../../src/dimse/index.ts';
import { CT, chunks, encoded, type Made } from './fixtures.ts';

export type Behaviour = {
  /** Answer SOPClassesInStudy and the counts in STUDY and SERIES queries. */
  counts?: boolean;
  /** What C-GET Without Bulk Data sends of an instance; absent, it is refused as most PACS do. */
  withoutBulkData?: (made: Stored) => Stored | undefined;
  /** SOP classes of query and retrieve that are refused at association time. */
  refuse?: readonly string[];
  /** Called before the instance with this index goes out by C-GET or C-MOVE; may wait, throw, or abort the association. */
  before?: (index: number, level: string, abort: () => void) => Promise<void>;
  /** Called before each chunk of an instance, with the bytes of it that have gone out; as `before`. */
  within?: (sent: number, level: string, abort: () => void) => Promise<void>;
  /** The instances that go out, in place of those that match. */
  send?: (matching: Stored[], level: string) => Stored[];
  /** Where C-MOVE destinations are; absent ones are unknown (A801). */
  peers?: Record<string, number>;
  /** Total told for sub-operations, where it is not the number sent. */
  total?: number;
  aeTitle?: string;
  /** Speaks TLS. */
  tls?: TlsOptions;
  /** In place of what it does else. */
  services?: Partial<Services>;
  listening?: Partial<ListenOptions>;
  /** Its own C-STORE. */
  store?: (instance: Instance) => Promise<number>;
};

export type Stored = Made & { transferSyntaxUid?: string };

export type FakePacs = {
  port: number;
  aeTitle: string;
  stored: Stored[];
  behaviour: Behaviour;
  /** Identifiers asked, by operation. */
  asked: { find: Dataset[]; get: Dataset[]; move: Dataset[]; bare: Dataset[] };
  listener: Listener;
  close(): Promise<void>;
};

const text = (dataset: Dataset, tag: string) => String(dataset[tag]?.Value?.[0] ?? '');
const wanted = (dataset: Dataset, tag: string) => (dataset[tag]?.Value ?? []).map(String);

export async function startFakePacs(
  t: Pick<TestContext, 'after'>,
  stored: Stored[],
  given: Behaviour = {},
): Promise<FakePacs> {
  const behaviour = { ...given };
  const asked: FakePacs['asked'] = { find: [], get: [], move: [], bare: [] };
  const aeTitle = behaviour.aeTitle ?? 'FAKEPACS';
  const matching = (identifier: Dataset) =>
    stored.filter(
      ({ study, series, instance }) =>
        matches(identifier, '0020000D', study) &&
        matches(identifier, '0020000E', series) &&
        matches(identifier, '00080018', instance),
    );
  const outgoing = (identifier: Dataset, { association }: ServiceContext) => {
    const level = text(identifier, '00080052');
    const found = matching(identifier);
    const sent = behaviour.send?.(found, level) ?? found;
    const abort = () => association.abort();
    return { total: behaviour.total ?? sent.length, instances: instancesOf(sent, level, behaviour, abort) };
  };
  const listener: Listener = await listen({
    host: '127.0.0.1',
    port: 0,
    timeouts: { artim: 200, cancel: 200 },
    aeTitle,
    ...(behaviour.tls && { tls: behaviour.tls }),
    contexts: (abstractSyntax, proposed) => {
      if (behaviour.refuse?.includes(abstractSyntax)) return undefined;
      if (abstractSyntax === WithoutBulkDataGet && behaviour.withoutBulkData === undefined) return undefined;
      if (abstractSyntax.startsWith('1.2.840.10008.5.1.4.1.2.')) return [ExplicitLittle, ImplicitLittle];
      return supportedSyntaxes(abstractSyntax, proposed);
    },
    services: {
      store: async (instance) => behaviour.store?.(instance) ?? 0x0122,
      find: ({ identifier }) => {
        asked.find.push(identifier);
        return answers(identifier, matching(identifier), behaviour.counts !== false);
      },
      get: async ({ identifier, sopClassUid }, context) => {
        if (sopClassUid === WithoutBulkDataGet) {
          asked.bare.push(identifier);
          const bare = matching(identifier).flatMap((made) => behaviour.withoutBulkData?.(made) ?? []);
          return { total: bare.length, instances: instancesOf(bare, 'BARE', behaviour, () => {}) };
        }
        asked.get.push(identifier);
        return outgoing(identifier, context);
      },
      move: async ({ identifier, destination }, context) => {
        asked.move.push(identifier);
        const port = behaviour.peers?.[destination];
        if (port === undefined) throw new DicomError('status', 'unknown destination', { status: 0xa801 });
        return { ...outgoing(identifier, context), to: { host: '127.0.0.1', port, aeTitle: destination } };
      },
      ...behaviour.services,
    },
    ...behaviour.listening,
  });
  const close = () => listener.close();
  t.after(close);
  return { port: listener.port, aeTitle, stored, behaviour, asked, listener, close };
}

function matches(identifier: Dataset, tag: string, value: string): boolean {
  const values = wanted(identifier, tag).filter((one) => one !== '');
  return values.length === 0 || values.includes(value);
}

async function* instancesOf(
  sent: Stored[],
  level: string,
  { before, within }: Behaviour,
  abort: () => void,
): AsyncGenerator<Instance> {
  for (const [index, made] of sent.entries()) {
    await before?.(index, level, abort);
    const { transferSyntaxUid = ExplicitLittle } = made;
    yield {
      sopClassUid: made.sopClass ?? CT,
      sopInstanceUid: made.instance,
      transferSyntaxUid,
      body: halting(encoded(made, transferSyntaxUid), (bytes) => within?.(bytes, level, abort)),
    };
  }
}

async function* halting(bytes: Buffer, halt: (sent: number) => Promise<void> | undefined): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const chunk of chunks(bytes, 8192)) {
    await halt(sent);
    yield chunk;
    sent += chunk.length;
  }
}

async function* answers(identifier: Dataset, found: Stored[], counts: boolean): AsyncGenerator<Dataset> {
  const level = text(identifier, '00080052');
  const key = level === 'STUDY' ? 'study' : level === 'SERIES' ? 'series' : 'instance';
  for (const [, group] of Map.groupBy(found, (one) => one[key])) {
    const [one] = group;
    if (one === undefined) continue;
    const classes = [...new Set(group.map(({ sopClass = CT }) => sopClass))];
    yield {
      '00080052': { vr: 'CS', Value: [level] },
      '0020000D': { vr: 'UI', Value: [one.study] },
      ...(level === 'STUDY' ? {} : { '0020000E': { vr: 'UI', Value: [one.series] } }),
      ...(level === 'IMAGE'
        ? { '00080018': { vr: 'UI', Value: [one.instance] }, '00080016': { vr: 'UI', Value: [one.sopClass ?? CT] } }
        : {}),
      ...(level === 'STUDY' && counts
        ? { '00080062': { vr: 'UI', Value: classes }, '00201208': { vr: 'IS', Value: [group.length] } }
        : {}),
      ...(level === 'SERIES' && counts ? { '00201209': { vr: 'IS', Value: [group.length] } } : {}),
    };
  }
}
