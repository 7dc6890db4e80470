// Store: instances sent on by C-STORE one after the other while they arrive, each with its true outcome (PS3.18 10.5,
// PS3.4 B.2).

import { DicomError } from '../../dimse/errors.ts';
import type { Instance } from '../../dimse/instance.ts';
import { onLease } from '../pacs/lease.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { acceptedForm, Proposals, refusalOf } from './contexts.ts';
import { type StoreResult, type StoreRow, storeResult } from './result.ts';
import { isStored } from './status.ts';

export type { StoreResult } from './result.ts';

/** An instance to store; its study and series, where known, make its URL. Or a part that is no instance, and why. */
export type StoreItem =
  | (Instance & { studyInstanceUid?: string; seriesInstanceUid?: string })
  | { failure: number; sopClassUid?: string; sopInstanceUid?: string };

export type StoreOptions = {
  /** The only study whose instances are taken. */
  study?: string;
  /** Without a slash at its end. */
  baseUrl: string;
  signal: AbortSignal;
  /** Told of each instance that may have reached the PACS, whatever the PACS answered. */
  onSent?: (instance: Instance & { studyInstanceUid?: string; seriesInstanceUid?: string }) => void;
  log?: (line: string) => void;
};

/** Failure reasons of the gateway's own (PS3.18 I.2, PS3.7 Annex C). */
export const REASONS = {
  /** The instance is of another study than the path names. */
  otherStudy: 0xa900,
  /** PS3.7 C.5.12: a UID that breaks the rules; one that is too long ends the association where it arrives. */
  invalidUid: 0x0117,
  /** The part broke off or can't be read. */
  unreadable: 0xc000,
  /** The PACS could not be reached, or the conversation with it broke. */
  processing: 0x0110,
  outOfResources: 0xa700,
} as const;

/** After so many failures in a row to get an association, the others are not tried: each would wait for the same silence. */
const MAX_MISSES = 2;

/** PS3.5 9.1. */
const MAX_UID = 64;

type Outcome = { status: number; unavailable?: boolean };

/**
 * Sends every instance to the PACS and never sends one twice. Throws when the client is gone, or when its upload breaks before
 * anything was stored; a PACS that fails is told per instance.
 */
export async function store(pacs: Pacs, inputs: AsyncIterable<StoreItem>, options: StoreOptions): Promise<StoreResult> {
  const rows: StoreRow[] = [];
  const sender = new Sender(pacs, options.signal);
  try {
    for await (const input of inputs) rows.push(await storeOne(sender, input, options));
  } catch (error) {
    const stored = rows.filter(({ status }) => isStored(status)).length;
    if (stored > 0) options.log?.(`store to ${pacs.name} broke off: ${stored} instances are stored`);
    if (stored === 0 || !(error instanceof DicomError) || !UPLOAD_BROKE.has(error.kind)) throw error;
    rows.push({ status: error.kind === 'too-large' ? REASONS.outOfResources : REASONS.unreadable });
  }
  return storeResult(rows, options);
}

/** Kinds of error that say that the rest of the upload can't be read, not that nobody waits for the answer. */
const UPLOAD_BROKE: ReadonlySet<string> = new Set(['malformed', 'too-large']);

async function storeOne(sender: Sender, input: StoreItem, { study, onSent }: StoreOptions): Promise<StoreRow> {
  if ('failure' in input) {
    const { failure, ...names } = input;
    return { ...names, status: failure };
  }
  const { sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid } = input;
  const row = {
    ...{ sopClassUid, sopInstanceUid },
    ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }),
    ...(seriesInstanceUid === undefined ? {} : { seriesInstanceUid }),
  };
  if (study !== undefined && studyInstanceUid !== undefined && studyInstanceUid !== study) {
    await discard(input.body);
    return { ...row, status: REASONS.otherStudy };
  }
  if (Math.max(sopClassUid.length, sopInstanceUid.length) > MAX_UID) {
    await discard(input.body);
    return { ...row, status: REASONS.invalidUid };
  }
  try {
    return { ...row, ...(await sender.send(input)) };
  } finally {
    onSent?.(input);
  }
}

class Sender {
  readonly #pacs: Pacs;
  readonly #signal: AbortSignal;
  readonly #proposals = new Proposals();
  #misses = 0;

  constructor(pacs: Pacs, signal: AbortSignal) {
    this.#pacs = pacs;
    this.#signal = signal;
  }

  async send(instance: Instance): Promise<Outcome> {
    const body = watched(instance.body);
    try {
      if (this.#misses >= MAX_MISSES) return { status: REASONS.processing, unavailable: true };
      return await this.#store({ ...instance, body: body.chunks });
    } catch (error) {
      return this.#outcomeOf(error, body.error());
    } finally {
      if (!body.begun()) await discard(instance.body);
    }
  }

  #store(instance: Instance): Promise<Outcome> {
    const { sopClassUid, transferSyntaxUid } = instance;
    const signal = this.#signal;
    const contexts = this.#proposals.forInstance(sopClassUid, transferSyntaxUid);
    return onLease(this.#pacs, contexts, { signal }, async (association, begun) => {
      this.#misses = 0;
      const sendable = acceptedForm(association, instance);
      if (sendable === undefined) return { status: refusalOf(association, sopClassUid) };
      const body = announced(sendable.body, begun);
      const { status } = await association.store({ ...sendable, body }, { signal });
      return { status };
    });
  }

  #outcomeOf(error: unknown, uploadError: unknown): Outcome {
    // The upload broke, not the PACS: the rows that follow would all say the same.
    if (uploadError !== undefined) throw uploadError;
    if (!(error instanceof DicomError) || error.kind === 'cancelled') throw error;
    if (error.kind === 'malformed' || error.kind === 'corrupt') return { status: REASONS.unreadable };
    if (error.kind === 'busy') return { status: REASONS.outOfResources, unavailable: true };
    if (NO_ASSOCIATION.has(error.kind)) this.#misses++;
    return { status: REASONS.processing, unavailable: true };
  }
}

const NO_ASSOCIATION: ReadonlySet<string> = new Set(['unreachable', 'rejected', 'timeout']);

/** A body that tells whether it was begun, and with what error it ended. */
function watched(body: AsyncIterable<Buffer>) {
  let begun = false;
  let failure: unknown;
  async function* chunks(): AsyncGenerator<Buffer, void> {
    begun = true;
    try {
      yield* body;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { chunks: chunks(), begun: () => begun, error: () => failure };
}

async function* announced(body: AsyncIterable<Buffer>, begun: () => void): AsyncGenerator<Buffer, void> {
  begun();
  yield* body;
}

/** Gives back a body that nobody reads. */
async function discard(body: AsyncIterable<Buffer>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
