// Association negotiation (PS3.8 7.1, PS3.7 Annex D): what is proposed × what is supported → what is agreed. Pure.

import { DicomError } from '../errors.ts';
import { APPLICATION_CONTEXT, type AssociateAc, type AssociateRq } from './pdu.ts';
import {
  type CommonExtended,
  commonExtendedOf,
  extendedItems,
  extendedOf,
  identityItem,
  type Roles,
  roleItems,
  rolesOf,
  type Self,
  selfOf,
  subItem,
  type UserIdentity,
  userInformation,
  userInformationOf,
} from './user-information.ts';

export type ProposedContext = {
  abstractSyntax: string;
  transferSyntaxes: readonly string[];
  roles?: Roles;
  /** Service-class application information of SOP Class Extended Negotiation (PS3.7 D.3.3.5). */
  extended?: Buffer;
};

export type AcceptedContext = {
  id: number;
  abstractSyntax: string;
  transferSyntaxUid: string;
  roles: Roles;
  extended?: Buffer;
};

/** Asynchronous Operations Window (PS3.7 D.3.3.3): outstanding operations the requestor may invoke, and perform; 0 = any. */
export type Window = { invoked: number; performed: number };

export type Proposal = Self & {
  calledAeTitle: string;
  callingAeTitle: string;
  contexts: readonly ProposedContext[];
  userIdentity?: UserIdentity | undefined;
  commonExtended?: readonly CommonExtended[] | undefined;
};

/** The outcome, the same for both sides. */
export type Agreement = {
  contexts: AcceptedContext[];
  rejected: { abstractSyntax: string; result: number }[];
  /** Maximum Length the peer announced; 0 = no limit. */
  maximumLength: number;
  window: Window;
  implementationClassUid?: string;
  implementationVersionName?: string;
  /** Server response of User Identity (PS3.7 D.3.3.7.2); absent = identity not confirmed. */
  userIdentityResponse?: Buffer;
};

const CONTEXT_RESULT = {
  accepted: 0,
  userRejection: 1,
  noReason: 2,
  abstractSyntax: 3,
  transferSyntaxes: 4,
} as const;

/** One hundred and twenty-eight odd numbers fit a byte (UL-21). */
export const MAX_CONTEXTS = 128;

/** Roles when nothing is said: the requestor is SCU only (PS3.7 D.3.3.4). */
const DEFAULT_ROLES: Roles = { scu: true, scp: false };
const SYNCHRONOUS: Window = { invoked: 1, performed: 1 };

const syntax = (type: 'abstract-syntax' | 'transfer-syntax', uid: string) => ({ type, uid });

/** The A-ASSOCIATE-RQ of a proposal; contexts get the IDs 1, 3, 5, … in their order. */
export function associateRq(proposal: Proposal): AssociateRq {
  const { contexts } = proposal;
  if (contexts.length === 0 || contexts.length > MAX_CONTEXTS) {
    const message = `${contexts.length} presentation contexts proposed: 1 to ${MAX_CONTEXTS} are possible`;
    throw new DicomError('malformed', message, { operation: 'A-ASSOCIATE', field: 'presentation-context' });
  }
  const common = (proposal.commonExtended ?? []).map((item) => ({
    type: 'common-extended-negotiation' as const,
    ...item,
  }));
  const identity = proposal.userIdentity === undefined ? [] : [identityItem(proposal.userIdentity)];
  return {
    type: 'associate-rq',
    protocolVersion: 1,
    calledAeTitle: proposal.calledAeTitle,
    callingAeTitle: proposal.callingAeTitle,
    items: [
      { type: 'application-context', uid: APPLICATION_CONTEXT },
      ...contexts.map(({ abstractSyntax, transferSyntaxes }, index) => ({
        type: 'presentation-context' as const,
        id: 2 * index + 1,
        syntaxes: [
          syntax('abstract-syntax', abstractSyntax),
          ...transferSyntaxes.map((uid) => syntax('transfer-syntax', uid)),
        ],
      })),
      userInformation(proposal, [roleItems(contexts), extendedItems(contexts), common, identity]),
    ],
  };
}

type RequestedContext = ProposedContext & { id: number; commonExtended?: CommonExtended };

/** The presentation contexts of an A-ASSOCIATE-RQ, with the roles and both kinds of extended negotiation that go with them. */
export function proposedContexts(rq: AssociateRq): RequestedContext[] {
  const information = userInformationOf(rq);
  return rq.items.flatMap((item) => {
    if (item.type !== 'presentation-context') return [];
    const uids = (type: string) =>
      item.syntaxes.flatMap((each) => (each.type === type && 'uid' in each ? [each.uid] : []));
    const [abstractSyntax = ''] = uids('abstract-syntax');
    const roles = rolesOf(information, abstractSyntax);
    const extended = extendedOf(information, abstractSyntax);
    const commonExtended = commonExtendedOf(information, abstractSyntax);
    return [
      {
        id: item.id,
        abstractSyntax,
        transferSyntaxes: uids('transfer-syntax'),
        ...(roles && { roles }),
        ...(extended && { extended }),
        ...(commonExtended && { commonExtended }),
      },
    ];
  });
}

/** Role the acceptor agrees to: only what was proposed, and the default where it says nothing (UL-27). */
const agreedRoles = (proposed: Roles | undefined, answered: Roles | undefined): Roles =>
  proposed === undefined || answered === undefined
    ? DEFAULT_ROLES
    : { scu: proposed.scu && answered.scu, scp: proposed.scp && answered.scp };

/**
 * What the acceptor's answer makes of a request. Contexts that were not proposed, or were accepted with a transfer syntax
 * that was not proposed, count as rejected; contexts without an answer too.
 */
export function agreementOf(rq: AssociateRq, ac: AssociateAc): Agreement {
  const information = userInformationOf(ac);
  const results = new Map(
    ac.items.flatMap((item) => (item.type === 'presentation-context-result' ? [[item.id, item] as const] : [])),
  );
  const contexts: AcceptedContext[] = [];
  const rejected: Agreement['rejected'] = [];
  for (const { id, abstractSyntax, transferSyntaxes, roles } of proposedContexts(rq)) {
    const answer = results.get(id);
    const chosen = answer?.syntaxes.find((each) => each.type === 'transfer-syntax');
    const transferSyntaxUid = chosen?.type === 'transfer-syntax' ? chosen.uid : undefined;
    if (
      answer?.result !== CONTEXT_RESULT.accepted ||
      transferSyntaxUid === undefined ||
      !transferSyntaxes.includes(transferSyntaxUid)
    ) {
      rejected.push({ abstractSyntax, result: answer?.result || CONTEXT_RESULT.noReason });
      continue;
    }
    const extended = extendedOf(information, abstractSyntax);
    const agreed = agreedRoles(roles, rolesOf(information, abstractSyntax));
    contexts.push({ id, abstractSyntax, transferSyntaxUid, roles: agreed, ...(extended && { extended }) });
  }
  const window = subItem(information, 'asynchronous-operations-window') ?? SYNCHRONOUS;
  const response = subItem(information, 'user-identity-response')?.response;
  return {
    contexts,
    rejected,
    window: { invoked: window.invoked, performed: window.performed },
    ...selfOf(information),
    ...(response !== undefined && { userIdentityResponse: response }),
  };
}

/** What an acceptor supports. */
export type Support = Self & {
  /**
   * Transfer syntaxes for an abstract syntax, most wanted first, of those proposed; undefined refuses the abstract syntax.
   * `commonExtended` is what the requestor said of it, where it did: related general SOP classes may stand in for one that is
   * not known (PS3.7 D.3.3.6).
   */
  contexts: (
    abstractSyntax: string,
    proposed: readonly string[],
    commonExtended: CommonExtended | undefined,
  ) => readonly string[] | undefined;
  /** Answer to extended negotiation; undefined: none is given. Only offered values may be accepted (UL-32). */
  extended?: ((abstractSyntax: string, offered: Buffer) => Buffer | undefined) | undefined;
  /** Answer to a User Identity whose response was requested and that was authenticated. */
  userIdentityResponse?: Buffer | undefined;
};

function answerContext(proposed: RequestedContext, support: Support): { result: number; transferSyntaxUid: string } {
  const supported = support.contexts(proposed.abstractSyntax, proposed.transferSyntaxes, proposed.commonExtended);
  // One transfer syntax stands in the answer even of a rejected context, there without meaning (T-59).
  const [first = ''] = proposed.transferSyntaxes;
  if (supported === undefined) return { result: CONTEXT_RESULT.abstractSyntax, transferSyntaxUid: first };
  const chosen = supported.find((uid) => proposed.transferSyntaxes.includes(uid));
  if (chosen === undefined) return { result: CONTEXT_RESULT.transferSyntaxes, transferSyntaxUid: first };
  return { result: CONTEXT_RESULT.accepted, transferSyntaxUid: chosen };
}

/** The A-ASSOCIATE-AC that answers a request. Window 1/1 is answered whatever was proposed: we work one by one (UL-28). */
export function associateAc(rq: AssociateRq, support: Support): AssociateAc {
  const proposed = proposedContexts(rq);
  const answered = proposed.map((context) => ({ ...context, ...answerContext(context, support) }));
  const taken = answered.filter((context) => context.result === CONTEXT_RESULT.accepted);
  const extended = taken.flatMap(({ abstractSyntax, extended: offered }) => {
    const answer = offered && support.extended?.(abstractSyntax, offered);
    return answer ? [{ abstractSyntax, extended: answer }] : [];
  });
  const asynchronous = subItem(userInformationOf(rq), 'asynchronous-operations-window') !== undefined;
  const { userIdentityResponse } = support;
  return {
    ...rq,
    type: 'associate-ac',
    protocolVersion: 1,
    items: [
      { type: 'application-context', uid: APPLICATION_CONTEXT },
      ...answered.map(({ id, result, transferSyntaxUid }) => ({
        type: 'presentation-context-result' as const,
        id,
        result,
        syntaxes: [syntax('transfer-syntax', transferSyntaxUid)],
      })),
      userInformation(support, [
        [
          ...(asynchronous ? [{ type: 'asynchronous-operations-window' as const, ...SYNCHRONOUS }] : []),
          ...roleItems(taken),
        ],
        extendedItems(extended),
        userIdentityResponse === undefined ? [] : [{ type: 'user-identity-response', response: userIdentityResponse }],
      ]),
    ],
  };
}

/** The acceptor's own view: what it agreed to, and what the requestor announced. */
export const acceptorAgreement = (rq: AssociateRq, ac: AssociateAc): Agreement => ({
  ...agreementOf(rq, ac),
  ...selfOf(userInformationOf(rq)),
});
