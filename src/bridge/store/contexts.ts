// What is proposed for instances to be stored, and in which form an association takes one (PS3.7 D.3.2, PS3.5 10.1).

import { reencode } from '../../dimse/data/reencode.ts';
import { ExplicitLittle, ImplicitLittle, transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import type { Association, ProposedContext } from '../../dimse/index.ts';
import type { Instance } from '../../dimse/instance.ts';

/** Contexts of one association for storage; the others of the 128 (PS3.8 9.3.2.2) are for query and retrieve. */
const MAX_PROPOSALS = 96;

/** Presentation context results of an A-ASSOCIATE-AC (PS3.8 Table 9-18). */
const ABSTRACT_SYNTAX_REFUSED = 3;
const TRANSFER_SYNTAXES_REFUSED = 4;

/** The presentation contexts that the instances so far need: an association that took all of them serves any mixture. */
export class Proposals {
  #contexts = new Map<string, ProposedContext>();

  /** One context for each syntax, so that the PACS can't choose one that the instance can't be sent in. */
  forInstance(sopClassUid: string, transferSyntaxUid: string): ProposedContext[] {
    const wanted = [transferSyntaxUid, ExplicitLittle, ImplicitLittle];
    const before = this.#contexts.size;
    for (const syntax of wanted) {
      const context = { abstractSyntax: sopClassUid, transferSyntaxes: [syntax] };
      this.#contexts.set(`${sopClassUid} ${syntax}`, context);
    }
    if (before > 0 && this.#contexts.size > MAX_PROPOSALS) {
      this.#contexts = new Map();
      return this.forInstance(sopClassUid, transferSyntaxUid);
    }
    return [...this.#contexts.values()];
  }
}

/**
 * The instance in a form that the association accepted: as it is, else re-encoded where that loses nothing. Odd lengths, which
 * some writers leave, are made even on the way: DIMSE can't carry them (PS3.5 7.1.1, PS3.8 Annex E).
 */
export function acceptedForm(association: Association, instance: Instance): Instance | undefined {
  const { sopClassUid, transferSyntaxUid, body } = instance;
  const accepted = association.contexts
    .filter(({ abstractSyntax }) => abstractSyntax === sopClassUid)
    .map((context) => context.transferSyntaxUid);
  const stored = transferSyntax(transferSyntaxUid);
  const same = accepted.includes(transferSyntaxUid);
  if (stored === undefined) return same ? instance : undefined;
  const native = stored.encapsulated ? [] : [ExplicitLittle, ImplicitLittle];
  const target = same ? transferSyntaxUid : native.find((syntax) => accepted.includes(syntax));
  if (target === undefined) return undefined;
  const even = reencode(body, transferSyntaxUid, target, { evenLengths: true });
  return { ...instance, transferSyntaxUid: target, body: even };
}

/** Makes the whole of an instance, decoded, ready to be sent; `release` when it has been. */
export type Transcode = (
  instance: Instance,
  transferSyntaxUid: string,
  signal: AbortSignal,
) => Promise<{ body: AsyncIterable<Buffer>; release(): Promise<void> }>;

/** The native syntax that the association takes a compressed instance in, when that is all it takes of its class. */
export function decodedSyntax(
  association: Association,
  sopClassUid: string,
  transferSyntaxUid: string,
): string | undefined {
  if (transferSyntax(transferSyntaxUid)?.encapsulated !== true) return undefined;
  const isAccepted = (syntax: string) =>
    association.contexts.some(
      (context) => context.abstractSyntax === sopClassUid && context.transferSyntaxUid === syntax,
    );
  return [ExplicitLittle, ImplicitLittle].find(isAccepted);
}

/** The failure reason for an instance that no accepted context takes (PS3.18 I.2). */
export function refusalOf(association: Association, sopClassUid: string): number {
  if (association.contexts.some(({ abstractSyntax }) => abstractSyntax === sopClassUid)) return 0xc122;
  const results = association.rejected
    .filter(({ abstractSyntax }) => abstractSyntax === sopClassUid)
    .map(({ result }) => result);
  if (results.includes(ABSTRACT_SYNTAX_REFUSED)) return 0x0122;
  return results.includes(TRANSFER_SYNTAXES_REFUSED) ? 0xc122 : 0x0110;
}
