// Association negotiation (PS3.8 7.1, PS3.7 Annex D): what is proposed × what is supported → what is agreed. Pure.

import { DicomError } from '../errors.ts';
import { APPLICATION_CONTEXT, type AssociateAc, type AssociateRq, type Item, type UserInformationItem } from './pdu.ts';

/** Roles of the requestor for an abstract syntax (PS3.7 D.3.3.4); the acceptor has the opposite ones. */
export type Roles = { scu: boolean; scp: boolean };

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

/** PS3.7 D.3.3.7: 1 username, 2 username and passcode, 3 Kerberos ticket, 4 SAML assertion, 5 JSON web token. */
export type UserIdentity = {
  type: 1 | 2 | 3 | 4 | 5;
  primary: Buffer | string;
  secondary?: Buffer | string;
  responseRequested?: boolean;
};

/** SOP Class Common Extended Negotiation (PS3.7 D.3.3.6): told to the acceptor, never answered. */
export type CommonExtended = { sopClassUid: string; serviceClassUid: string; relatedGeneralSopClassUids: string[] };

/** Asynchronous Operations Window (PS3.7 D.3.3.3): outstanding operations the requestor may invoke, and perform; 0 = any. */
export type Window = { invoked: number; performed: number };

/** What one side says of itself in its user information. */
export type Self = { maximumLength: number; implementationClassUid: string; implementationVersionName: string };

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

export const userInformationOf = (pdu: AssociateRq | AssociateAc): UserInformationItem[] =>
  pdu.items.flatMap((item) => (item.type === 'user-information' ? item.items : []));

/** The first sub-item of a type. */
function subItem<T extends UserInformationItem['type']>(items: readonly UserInformationItem[], type: T) {
  return items.find((item): item is Extract<UserInformationItem, { type: T }> => item.type === type);
}

const roleItems = (contexts: readonly ProposedContext[]): UserInformationItem[] => {
  const roles = new Map(
    contexts.flatMap((context) => (context.roles ? [[context.abstractSyntax, context.roles]] : [])),
  );
  return [...roles].map(([sopClassUid, { scu, scp }]) => ({
    type: 'role-selection',
    sopClassUid,
    scu: Number(scu),
    scp: Number(scp),
  }));
};

const extendedItems = (contexts: readonly { abstractSyntax: string; extended?: Buffer }[]): UserInformationItem[] => {
  const all = new Map(
    contexts.flatMap((context) => (context.extended ? [[context.abstractSyntax, context.extended]] : [])),
  );
  return [...all].map(([sopClassUid, information]) => ({ type: 'extended-negotiation', sopClassUid, information }));
};

const identityItem = (identity: UserIdentity): UserInformationItem => ({
  type: 'user-identity',
  identityType: identity.type,
  responseRequested: Number(identity.responseRequested ?? false),
  primary: Buffer.from(identity.primary),
  secondary: Buffer.from(identity.secondary ?? ''),
});

/** Sub-items in ascending order: old peers expect it (UL-6). */
const userInformation = (self: Self, rest: UserInformationItem[][]): Item => ({
  type: 'user-information',
  items: [
    { type: 'maximum-length', maximumLength: self.maximumLength },
    { type: 'implementation-class-uid', uid: self.implementationClassUid },
    ...(rest[0] ?? []),
    { type: 'implementation-version-name', name: self.implementationVersionName },
    ...rest.slice(1).flat(),
  ],
});

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

/** The presentation contexts of an A-ASSOCIATE-RQ, with the roles and extended negotiation that go with them. */
export function proposedContexts(rq: AssociateRq): (ProposedContext & { id: number })[] {
  const information = userInformationOf(rq);
  return rq.items.flatMap((item) => {
    if (item.type !== 'presentation-context') return [];
    const uids = (type: string) =>
      item.syntaxes.flatMap((each) => (each.type === type && 'uid' in each ? [each.uid] : []));
    const [abstractSyntax = ''] = uids('abstract-syntax');
    const roles = rolesOf(information, abstractSyntax);
    const extended = extendedOf(information, abstractSyntax);
    return [
      {
        id: item.id,
        abstractSyntax,
        transferSyntaxes: uids('transfer-syntax'),
        ...(roles && { roles }),
        ...(extended && { extended }),
      },
    ];
  });
}

function rolesOf(information: readonly UserInformationItem[], uid: string): Roles | undefined {
  const found = information.find((item) => item.type === 'role-selection' && item.sopClassUid === uid);
  return found?.type === 'role-selection' ? { scu: found.scu === 1, scp: found.scp === 1 } : undefined;
}

function extendedOf(information: readonly UserInformationItem[], uid: string): Buffer | undefined {
  const found = information.find((item) => item.type === 'extended-negotiation' && item.sopClassUid === uid);
  return found?.type === 'extended-negotiation' ? found.information : undefined;
}

const common = (information: readonly UserInformationItem[]) => {
  const classUid = subItem(information, 'implementation-class-uid')?.uid;
  const versionName = subItem(information, 'implementation-version-name')?.name;
  return {
    maximumLength: subItem(information, 'maximum-length')?.maximumLength ?? 0,
    ...(classUid !== undefined && { implementationClassUid: classUid }),
    ...(versionName !== undefined && { implementationVersionName: versionName }),
  };
};

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
    ...common(information),
    ...(response !== undefined && { userIdentityResponse: response }),
  };
}

/** What an acceptor supports. */
export type Support = Self & {
  /** Transfer syntaxes for an abstract syntax, most wanted first; undefined: abstract syntax not supported. */
  contexts: (abstractSyntax: string, proposed: readonly string[]) => readonly string[] | undefined;
  /** Answer to extended negotiation; undefined: none is given. Only offered values may be accepted (UL-32). */
  extended?: ((abstractSyntax: string, offered: Buffer) => Buffer | undefined) | undefined;
  /** Answer to a User Identity whose response was requested and that was authenticated. */
  userIdentityResponse?: Buffer | undefined;
};

function answerContext(proposed: ProposedContext, support: Support): { result: number; transferSyntaxUid: string } {
  const supported = support.contexts(proposed.abstractSyntax, proposed.transferSyntaxes);
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
  ...common(userInformationOf(rq)),
});

/** The user identity of a request, where it has one of a known type. */
export function identityOf(rq: AssociateRq): UserIdentity | undefined {
  const item = subItem(userInformationOf(rq), 'user-identity');
  if (item === undefined || item.identityType < 1 || item.identityType > 5) return undefined;
  const { primary, secondary, responseRequested } = item;
  const type = item.identityType as UserIdentity['type'];
  return { type, primary, secondary, responseRequested: responseRequested !== 0 };
}
