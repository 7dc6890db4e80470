// One instance on its way to the PACS: on an association that takes it, in a form that it takes, to an outcome.

import { DicomError } from '../../dimse/errors.ts';
import type { Association } from '../../dimse/index.ts';
import type { Instance } from '../../dimse/instance.ts';
import { onLease } from '../pacs/lease.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { acceptedForm, decodedSyntax, Proposals, refusalOf, type Transcode } from './contexts.ts';
import { REASONS } from './status.ts';

/** What became of an instance; `unavailable` when the PACS could not be asked, and `why`. */
export type Outcome = { status: number; unavailable?: boolean; why?: string };

/** After so many failures in a row to get an association, the others are not tried: each would wait for the same silence. */
const MAX_MISSES = 2;
const NO_ASSOCIATION: ReadonlySet<string> = new Set(['unreachable', 'rejected', 'timeout']);

export type SenderOptions = { signal: AbortSignal; transcode?: Transcode };

/** The instance did not go out: it must be in `syntax` for that. */
type Wanting = { syntax: string };

export class Sender {
  readonly #pacs: Pacs;
  readonly #options: SenderOptions;
  readonly #proposals = new Proposals();
  #misses = 0;

  constructor(pacs: Pacs, options: SenderOptions) {
    this.#pacs = pacs;
    this.#options = options;
  }

  /** Sends `instance`; throws when its upload broke or the client is gone, else a failure is an outcome. */
  async send(instance: Instance): Promise<Outcome> {
    const body = watched(instance.body);
    try {
      if (this.#misses >= MAX_MISSES) return { status: REASONS.processing, unavailable: true };
      return await this.#deliver({ ...instance, body: body.chunks });
    } catch (error) {
      return this.#outcomeOf(error, body.error());
    } finally {
      if (!body.begun()) await discard(instance.body);
    }
  }

  async #deliver(instance: Instance): Promise<Outcome> {
    const tried = await this.#try(instance);
    if ('status' in tried) return tried;
    const { transcode, signal } = this.#options;
    if (transcode === undefined) return { status: REASONS.syntaxRefused };
    const { body, release } = await transcode(instance, tried.syntax, signal);
    try {
      const outcome = await this.#try({ ...instance, transferSyntaxUid: tried.syntax, body });
      return 'status' in outcome ? outcome : { status: REASONS.syntaxRefused };
    } finally {
      await release();
    }
  }

  async #try(instance: Instance): Promise<Outcome | Wanting> {
    const { sopClassUid, transferSyntaxUid } = instance;
    const { signal } = this.#options;
    const contexts = this.#proposals.forInstance(sopClassUid, transferSyntaxUid);
    let reached = false;
    try {
      return await onLease(this.#pacs, contexts, { signal }, async (association, begun) => {
        reached = true;
        this.#misses = 0;
        const sendable = acceptedForm(association, instance);
        if (sendable === undefined) return wanting(association, instance);
        const body = announced(sendable.body, begun);
        const { status } = await association.store({ ...sendable, body }, { signal });
        return { status };
      });
    } catch (error) {
      if (!reached && error instanceof DicomError && NO_ASSOCIATION.has(error.kind)) this.#misses++;
      throw error;
    }
  }

  #outcomeOf(error: unknown, uploadError: unknown): Outcome {
    // The upload broke, not the PACS: the rows that follow would all say the same.
    if (uploadError !== undefined) throw uploadError;
    if (!(error instanceof DicomError) || error.kind === 'cancelled') throw error;
    if (error.kind === 'malformed' || error.kind === 'corrupt') return { status: REASONS.unreadable };
    if (error.kind === 'not-acceptable') return { status: REASONS.syntaxRefused };
    if (error.kind === 'busy' || error.kind === 'too-large') {
      return { status: REASONS.outOfResources, unavailable: error.kind === 'busy', why: error.message };
    }
    return { status: REASONS.processing, unavailable: true, why: error.message };
  }
}

function wanting(association: Association, { sopClassUid, transferSyntaxUid }: Instance): Outcome | Wanting {
  const syntax = decodedSyntax(association, sopClassUid, transferSyntaxUid);
  return syntax === undefined ? { status: refusalOf(association, sopClassUid) } : { syntax };
}

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

async function discard(body: AsyncIterable<Buffer>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
