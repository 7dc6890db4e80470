// What an association can be used for: which presentation contexts a later request need not propose again.

import type { AcceptedContext, ProposedContext } from '../../dimse/index.ts';

/** Equal for contexts that propose the same: abstract syntax, transfer syntaxes in any order, roles, extended negotiation. */
export function contextKey({ abstractSyntax, transferSyntaxes, roles, extended }: ProposedContext): string {
  const role = roles === undefined ? '' : `${roles.scu ? 'U' : ''}${roles.scp ? 'P' : ''}`;
  return [abstractSyntax, role, extended?.toString('hex') ?? '', ...[...transferSyntaxes].sort()].join('|');
}

/** Equal for proposals of the same contexts in any order. */
export function proposalKey(contexts: readonly ProposedContext[]): string {
  return contexts.map(contextKey).sort().join('\n');
}

/**
 * Keys of what was proposed (accepted or not: asking again gets the same answer), and of what asking for exactly one accepted
 * transfer syntax would be.
 */
export function covered(
  proposed: readonly ProposedContext[],
  accepted: readonly AcceptedContext[],
): ReadonlySet<string> {
  const keys = new Set(proposed.map(contextKey));
  for (const { abstractSyntax, transferSyntaxUid } of accepted) {
    const asked = proposed.filter((context) => context.abstractSyntax === abstractSyntax);
    for (const context of asked) keys.add(contextKey({ ...context, transferSyntaxes: [transferSyntaxUid] }));
  }
  return keys;
}
