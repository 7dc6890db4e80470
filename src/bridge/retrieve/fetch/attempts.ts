// What to try for instances that did not come: as before, then one transfer syntax after the other, then unlikely SOP classes.

import { ExplicitLittle, ImplicitLittle } from '../../../dimse/data/transfer-syntax.ts';
import { COMPRESSED_SYNTAXES, classRounds } from '../contexts.ts';
import type { Expectation } from '../expectation.ts';
import type { Outcome, TransferRequest } from '../transfer.ts';

export type Attempt = Pick<TransferRequest, 'sopClassUids' | 'syntax' | 'isGuess'>;

/** How the first pass ended: with its counts, or by what it failed with. */
export type FirstPass = Outcome | { error: unknown };

/** Transfer syntaxes tried for SOP classes that are not likely. */
const UNLIKELY_CLASSES_IN = [ExplicitLittle, ImplicitLittle, ...COMPRESSED_SYNTAXES.slice(0, 12)];

/**
 * Once more as before; then, because some PACS send all instances of a SOP class in the first context that was accepted for it
 * and can't convert (DCMTK's dcmqrscp is one), one transfer syntax at a time: by C-GET those of `syntaxes`, by C-MOVE those that
 * the PACS proposed along with the accepted one.
 */
export function* furtherAttempts(
  { sopClassUids, others = [] }: Expectation,
  first: FirstPass,
  syntaxes: readonly string[],
): Generator<Attempt> {
  const isGuess = true;
  for (const some of classRounds(sopClassUids)) yield { sopClassUids: some };
  if ('way' in first && first.way === 'move') {
    for (const syntax of first.passedOver) yield { sopClassUids, syntax };
    return;
  }
  for (const syntax of syntaxes) yield { sopClassUids, syntax, isGuess };
  for (const syntax of others.length === 0 ? [] : UNLIKELY_CLASSES_IN) {
    for (const some of classRounds(others, syntax)) yield { sopClassUids: some, syntax, isGuess };
  }
}

/** Which single transfer syntaxes have helped with which PACS. */
export class SingleSyntaxes {
  /** PACS that send each instance in the context of its own transfer syntax: single ones would not help. */
  readonly #faithful = new Set<string>();
  /** By PACS, those that have brought something, the latest first. */
  readonly #helpful = new Map<string, readonly string[]>();

  /** Those to try, the most promising first. */
  of(pacs: string): string[] {
    if (this.#faithful.has(pacs)) return [];
    return [...new Set([...(this.#helpful.get(pacs) ?? []), ...COMPRESSED_SYNTAXES])];
  }

  learn(pacs: string, first: FirstPass): void {
    if ('way' in first && first.keepsSyntax) this.#faithful.add(pacs);
  }

  hasHelped(pacs: string, syntax: string): void {
    this.#helpful.set(pacs, [syntax, ...(this.#helpful.get(pacs) ?? []).filter((one) => one !== syntax)]);
  }
}
