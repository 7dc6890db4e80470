// Store: instances sent on by C-STORE while they arrive, the next while the PACS still thinks about the ones before it, each
// with its true outcome (PS3.18 10.5, PS3.4 B.2).

import { DicomError } from '../../dimse/errors.ts';
import type { Instance } from '../../dimse/instance.ts';
import type { Pacs } from '../pacs/pacs.ts';
import type { Transcode } from './contexts.ts';
import { LookAhead } from './look-ahead.ts';
import { type StoreResult, type StoreRow, storeResult } from './result.ts';
import { SecondTry } from './second-try.ts';
import { Sender } from './sender.ts';
import { isStored, REASONS } from './status.ts';

export type { Transcode } from './contexts.ts';
export type { StoreResult } from './result.ts';

/** An instance, with its study and series where they are known: they make its URL. */
export type StorableInstance = Instance & { studyInstanceUid?: string; seriesInstanceUid?: string };

/** An instance to store, or a part that is no instance, and why. */
export type StoreItem = StorableInstance | { failure: number; sopClassUid?: string; sopInstanceUid?: string };

export type StoreOptions = {
  /** The only study whose instances are taken. */
  study?: string;
  /** Without a slash at its end. */
  baseUrl: string;
  signal: AbortSignal;
  /** Decodes what the PACS does not take compressed; without it such an instance is refused with C122. */
  transcode?: Transcode;
  /** Told of each instance that may have reached the PACS, whatever the PACS answered. */
  onSent?: (instance: StorableInstance) => void;
  log?: (line: string) => void;
  /** Takes what may name instances. */
  debug?: (line: string) => void;
};

/** PS3.5 9.1. */
const MAX_UID = 64;

/**
 * Sends every instance to the PACS, a second time only where it said that it failed on one beside others. The next instance is asked for when the one before has been read
 * to its end; up to `storeAssociations` of the PACS may then wait for their answers. Rows keep the order of `inputs`.
 * Throws when the client is gone, or when its upload breaks before anything was stored; a PACS that fails is told per instance.
 */
export async function store(pacs: Pacs, inputs: AsyncIterable<StoreItem>, options: StoreOptions): Promise<StoreResult> {
  const transfer = new Transfer(pacs, options);
  try {
    for await (const input of inputs) await transfer.add(input);
    const result = storeResult(await transfer.rows(), options);
    for (const why of result.whys.values()) options.log?.(`store to ${pacs.name}: ${why}`);
    return result;
  } catch (error) {
    const rows = await transfer.rowsSoFar(error);
    const stored = rows.filter(({ status }) => isStored(status));
    if (stored.length > 0) tell(pacs, stored, options);
    if (stored.length === 0 || !(error instanceof DicomError) || !UPLOAD_BROKE.has(error.kind)) throw error;
    return storeResult(rows, options);
  }
}

/** Kinds of error that say that the rest of the upload can't be read, not that nobody waits for the answer. */
const UPLOAD_BROKE: ReadonlySet<string> = new Set(['malformed', 'too-large', 'timeout']);

/** What an upload that did not come to its end has left in the PACS. */
function tell(pacs: Pacs, stored: readonly StoreRow[], { log, debug }: StoreOptions): void {
  log?.(`store to ${pacs.name} broke off: ${stored.length} instances are stored`);
  for (const { sopInstanceUid } of stored) debug?.(`store to ${pacs.name} broke off: ${sopInstanceUid} is stored`);
}

/** The instances of one upload on their way. */
class Transfer {
  readonly #options: StoreOptions;
  readonly #tries: SecondTry;
  readonly #rows: Promise<StoreRow>[] = [];
  /** Whom each row is about. */
  readonly #names: Partial<StoreRow>[] = [];
  readonly #underWay = new Map<Promise<StoreRow>, string>();

  constructor(pacs: Pacs, options: StoreOptions) {
    this.#options = options;
    const sender = new Sender(pacs, options);
    const width = Math.min(pacs.config.storeAssociations, pacs.config.maxAssociations);
    this.#tries = new SecondTry((instance) => sender.send(instance), width);
  }

  /** Resolves when the next may be read from where `item` comes from; throws what stops the whole upload. */
  async add(item: StoreItem): Promise<void> {
    const refusal = this.#refusalOf(item);
    if (refusal !== undefined) {
      if ('body' in item) await discard(item.body);
      this.#push(refusal, Promise.resolve(refusal));
      return;
    }
    if (!('body' in item)) return;
    const ahead = new LookAhead(item.body);
    await this.#room(item.sopInstanceUid, ahead);
    const consumed = Promise.withResolvers<void>();
    const row = this.#send({ ...item, body: ending(ahead.all(), consumed.resolve) });
    this.#push(rowOf(item), row);
    this.#underWay.set(row, item.sopInstanceUid);
    const over = row.finally(() => this.#underWay.delete(row));
    await Promise.race([consumed.promise, over]);
  }

  #push(names: Partial<StoreRow>, row: Promise<StoreRow>): void {
    this.#names.push(names);
    this.#rows.push(row);
  }

  rows(): Promise<StoreRow[]> {
    return Promise.all(this.#rows);
  }

  /** What came of all that was added, when `error` ended the upload: the instance that it broke in is told by name. */
  async rowsSoFar(error: unknown): Promise<StoreRow[]> {
    const large = error instanceof DicomError && error.kind === 'too-large';
    const failure = { status: large ? REASONS.outOfResources : REASONS.unreadable };
    const settled = await Promise.allSettled(this.#rows);
    const rows = settled.map((one, at) =>
      one.status === 'fulfilled' ? one.value : { ...this.#names[at], ...failure },
    );
    return settled.some(({ status }) => status === 'rejected') ? rows : [...rows, failure];
  }

  /**
   * Waits for room, and for an instance of the same UID: of two that race nobody knows which the PACS would keep. Meanwhile
   * the instance is read ahead.
   */
  async #room(sopInstanceUid: string, ahead: LookAhead): Promise<void> {
    const isSame = (uid: string) => uid === sopInstanceUid;
    while (this.#underWay.size >= this.#tries.width || [...this.#underWay.values()].some(isSame)) {
      const over = Promise.race(this.#underWay.keys());
      await Promise.race(ahead.wants ? [over, ahead.more()] : [over]);
    }
  }

  #refusalOf(item: StoreItem): StoreRow | undefined {
    if ('failure' in item) {
      const { failure, ...names } = item;
      return { ...names, status: failure };
    }
    const { study } = this.#options;
    const { sopClassUid, sopInstanceUid, studyInstanceUid = study } = item;
    if (study !== undefined && studyInstanceUid !== study) return { ...rowOf(item), status: REASONS.otherStudy };
    if (Math.max(sopClassUid.length, sopInstanceUid.length) <= MAX_UID) return undefined;
    return { ...rowOf(item), status: REASONS.invalidUid };
  }

  async #send(instance: StorableInstance): Promise<StoreRow> {
    try {
      return { ...rowOf(instance), ...(await this.#tries.send(instance)) };
    } finally {
      this.#options.onSent?.(instance);
    }
  }
}

function rowOf({ sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid }: StorableInstance) {
  return {
    ...{ sopClassUid, sopInstanceUid },
    ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }),
    ...(seriesInstanceUid === undefined ? {} : { seriesInstanceUid }),
  };
}

/** `body`, telling when nothing more is read of it. */
async function* ending(body: AsyncIterable<Buffer>, tellEnd: () => void): AsyncGenerator<Buffer, void> {
  try {
    yield* body;
  } finally {
    tellEnd();
  }
}

/** Gives back a body that nobody reads. */
async function discard(body: AsyncIterable<Buffer>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
