// User information of an A-ASSOCIATE-RQ or -AC (PS3.8 Annex D, PS3.7 D.3.3): what its sub-items say, and the sub-items that say it.

import type { AssociateAc, AssociateRq, Item, UserInformationItem } from './pdu.ts';

/** Roles of the requestor for an abstract syntax (PS3.7 D.3.3.4); the acceptor has the opposite ones. */
export type Roles = { scu: boolean; scp: boolean };

/** PS3.7 D.3.3.7: 1 username, 2 username and passcode, 3 Kerberos ticket, 4 SAML assertion, 5 JSON web token. */
export type UserIdentity = {
  type: 1 | 2 | 3 | 4 | 5;
  primary: Buffer | string;
  secondary?: Buffer | string;
  responseRequested?: boolean;
};

/** SOP Class Common Extended Negotiation (PS3.7 D.3.3.6): told to the acceptor, never answered. */
export type CommonExtended = { sopClassUid: string; serviceClassUid: string; relatedGeneralSopClassUids: string[] };

/** What one side says of itself in its user information. */
export type Self = { maximumLength: number; implementationClassUid: string; implementationVersionName: string };

export const userInformationOf = (pdu: AssociateRq | AssociateAc): UserInformationItem[] =>
  pdu.items.flatMap((item) => (item.type === 'user-information' ? item.items : []));

/** The first sub-item of a type. */
export function subItem<T extends UserInformationItem['type']>(items: readonly UserInformationItem[], type: T) {
  return items.find((item): item is Extract<UserInformationItem, { type: T }> => item.type === type);
}

type OfSopClass = Extract<UserInformationItem, { sopClassUid: string }>;

/** The first sub-item of a type that is about a SOP class. */
function about<T extends OfSopClass['type']>(items: readonly UserInformationItem[], type: T, uid: string) {
  const isIt = (item: UserInformationItem): item is Extract<OfSopClass, { type: T }> =>
    item.type === type && 'sopClassUid' in item && item.sopClassUid === uid;
  return items.find(isIt);
}

export function rolesOf(information: readonly UserInformationItem[], uid: string): Roles | undefined {
  const found = about(information, 'role-selection', uid);
  return found && { scu: found.scu === 1, scp: found.scp === 1 };
}

export const extendedOf = (information: readonly UserInformationItem[], uid: string): Buffer | undefined =>
  about(information, 'extended-negotiation', uid)?.information;

export function commonExtendedOf(information: readonly UserInformationItem[], uid: string): CommonExtended | undefined {
  const found = about(information, 'common-extended-negotiation', uid);
  if (found === undefined) return undefined;
  const { type: _, ...commonExtended } = found;
  return commonExtended;
}

/** What the other side says of itself; 0, no limit, where it announces no Maximum Length. */
export const selfOf = (information: readonly UserInformationItem[]) => {
  const classUid = subItem(information, 'implementation-class-uid')?.uid;
  const versionName = subItem(information, 'implementation-version-name')?.name;
  return {
    maximumLength: subItem(information, 'maximum-length')?.maximumLength ?? 0,
    ...(classUid !== undefined && { implementationClassUid: classUid }),
    ...(versionName !== undefined && { implementationVersionName: versionName }),
  };
};

/** The user identity of a request, where it has one of a known type. */
export function identityOf(rq: AssociateRq): UserIdentity | undefined {
  const item = subItem(userInformationOf(rq), 'user-identity');
  if (item === undefined || item.identityType < 1 || item.identityType > 5) return undefined;
  const { primary, secondary, responseRequested } = item;
  const type = item.identityType as UserIdentity['type'];
  return { type, primary, secondary, responseRequested: responseRequested !== 0 };
}

export const roleItems = (contexts: readonly { abstractSyntax: string; roles?: Roles }[]): UserInformationItem[] => {
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

export const extendedItems = (
  contexts: readonly { abstractSyntax: string; extended?: Buffer }[],
): UserInformationItem[] => {
  const all = new Map(
    contexts.flatMap((context) => (context.extended ? [[context.abstractSyntax, context.extended]] : [])),
  );
  return [...all].map(([sopClassUid, information]) => ({ type: 'extended-negotiation', sopClassUid, information }));
};

export const identityItem = (identity: UserIdentity): UserInformationItem => ({
  type: 'user-identity',
  identityType: identity.type,
  responseRequested: Number(identity.responseRequested ?? false),
  primary: Buffer.from(identity.primary),
  secondary: Buffer.from(identity.secondary ?? ''),
});

/** Sub-items in ascending order: old peers expect it (UL-6). */
export const userInformation = (self: Self, rest: UserInformationItem[][]): Item => ({
  type: 'user-information',
  items: [
    { type: 'maximum-length', maximumLength: self.maximumLength },
    { type: 'implementation-class-uid', uid: self.implementationClassUid },
    ...(rest[0] ?? []),
    { type: 'implementation-version-name', name: self.implementationVersionName },
    ...rest.slice(1).flat(),
  ],
});
