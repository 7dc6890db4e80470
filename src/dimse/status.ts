// TABLE of DIMSE statuses: PS3.7 Annex C, and the service classes of PS3.4. The most specific pattern wins.

import type { CommandName } from './command.ts';

export type StatusCategory = 'success' | 'warning' | 'failure' | 'cancel' | 'pending';
export type Status = { category: StatusCategory; meaning: string };

/** Services with statuses of their own; the N-services share the general ones but for UPS and the others named. */
export type StatusService = CommandName;

/** `x` stands for any hex digit. */
type Statuses = Readonly<Record<string, readonly [StatusCategory, string]>>;

/** PS3.7 Annex C: the same meaning in every service (D-7). */
const GENERAL: Statuses = {
  '0000': ['success', 'success'],
  '0001': ['warning', 'requested optional attributes are not supported'],
  '0105': ['failure', 'no such attribute'],
  '0106': ['failure', 'invalid attribute value'],
  '0107': ['warning', 'attribute list error'],
  '0110': ['failure', 'processing failure'],
  '0111': ['failure', 'duplicate SOP instance'],
  '0112': ['failure', 'no such SOP instance'],
  '0113': ['failure', 'no such event type'],
  '0114': ['failure', 'no such argument'],
  '0115': ['failure', 'invalid argument value'],
  '0116': ['warning', 'attribute value out of range'],
  '0117': ['failure', 'invalid SOP instance'],
  '0118': ['failure', 'no such SOP class'],
  '0119': ['failure', 'class-instance conflict'],
  '0120': ['failure', 'missing attribute'],
  '0121': ['failure', 'missing attribute value'],
  '0122': ['failure', 'SOP class not supported'],
  '0123': ['failure', 'no such action'],
  '0124': ['failure', 'not authorized'],
  '0210': ['failure', 'duplicate invocation'],
  '0211': ['failure', 'unrecognized operation'],
  '0212': ['failure', 'mistyped argument'],
  '0213': ['failure', 'resource limitation'],
  FE00: ['cancel', 'cancelled'],
  FF00: ['pending', 'pending'],
  FF01: ['pending', 'pending, some optional keys are not supported'],
};

/** PS3.7 C.1 to C.5: codes whose meaning nobody defined go by their class (D-6, D-7). */
const CLASSES: Statuses = {
  '01xx': ['failure', 'failure'],
  '02xx': ['failure', 'failure'],
  Axxx: ['failure', 'failure'],
  Cxxx: ['failure', 'failure'],
  Bxxx: ['warning', 'warning'],
};

const CANNOT_UNDERSTAND = ['failure', 'cannot understand'] as const;
const UNABLE_TO_PROCESS = ['failure', 'unable to process'] as const;
const IDENTIFIER = ['failure', 'identifier does not match SOP class'] as const;

/** PS3.4: B.2.3 Storage, C.4.1.1.4 find, C.4.2.1.5 move, C.4.3.1.4 get; PS3.4 CC.2 and annex F for the N-services. */
const SERVICES: Readonly<Partial<Record<StatusService, Statuses>>> = {
  'C-STORE': {
    A7xx: ['failure', 'out of resources'],
    A9xx: ['failure', 'data set does not match SOP class'],
    Cxxx: CANNOT_UNDERSTAND,
    B000: ['warning', 'coercion of data elements'],
    B006: ['warning', 'elements discarded'],
    B007: ['warning', 'data set does not match SOP class'],
  },
  'C-FIND': {
    A700: ['failure', 'out of resources'],
    A900: IDENTIFIER,
    Cxxx: UNABLE_TO_PROCESS,
    B001: ['warning', 'matching reached response limit, subsequent request may return additional matches'],
    FF00: ['pending', 'matches are continuing'],
    FF01: ['pending', 'matches are continuing, some optional keys are not supported'],
  },
  'C-GET': {
    A701: ['failure', 'out of resources: unable to calculate number of matches'],
    A702: ['failure', 'out of resources: unable to perform sub-operations'],
    A900: IDENTIFIER,
    Cxxx: UNABLE_TO_PROCESS,
    B000: ['warning', 'sub-operations complete, failures or warnings'],
    FE00: ['cancel', 'sub-operations terminated by a cancel indication'],
    FF00: ['pending', 'sub-operations are continuing'],
  },
  'C-MOVE': {
    A701: ['failure', 'out of resources: unable to calculate number of matches'],
    A702: ['failure', 'out of resources: unable to perform sub-operations'],
    A801: ['failure', 'move destination unknown'],
    A900: IDENTIFIER,
    Cxxx: UNABLE_TO_PROCESS,
    B000: ['warning', 'sub-operations complete, one or more failures'],
    FE00: ['cancel', 'sub-operations terminated by a cancel indication'],
    FF00: ['pending', 'sub-operations are continuing'],
  },
  // Unified Procedure Step (PS3.4 CC.2): the codes tell the operation apart.
  'N-CREATE': {
    B300: ['warning', 'UPS created with modifications'],
    C309: ['failure', 'procedure step state is not SCHEDULED'],
  },
  'N-SET': {
    B305: ['warning', 'coerced invalid values'],
    C300: ['failure', 'UPS may no longer be updated'],
    C301: ['failure', 'the correct transaction UID was not provided'],
    C310: ['failure', 'UPS is not IN PROGRESS'],
  },
  'N-ACTION': {
    B304: ['warning', 'UPS is already in the requested state of CANCELED'],
    B306: ['warning', 'UPS is already in the requested state of COMPLETED'],
    B301: ['warning', 'deletion lock not granted'],
    C300: ['failure', 'UPS may no longer be updated'],
    C301: ['failure', 'the correct transaction UID was not provided'],
    C302: ['failure', 'UPS is already IN PROGRESS'],
    C303: ['failure', 'UPS may only become SCHEDULED via N-CREATE'],
    C304: ['failure', 'UPS has not met final state requirements'],
    C307: ['failure', 'SOP instance UID does not exist or is not managed here'],
    C308: ['failure', 'receiving AE title is unknown to this SCP'],
    C310: ['failure', 'UPS is not IN PROGRESS'],
    C311: ['failure', 'UPS is already COMPLETED'],
    C312: ['failure', 'performer cannot be contacted'],
    C313: ['failure', 'performer chooses not to cancel'],
    C314: ['failure', 'the specified action is not appropriate for the specified instance'],
    C315: ['failure', 'SCP does not support event reports'],
  },
  'N-GET': {
    C307: ['failure', 'SOP instance UID does not exist or is not managed here'],
  },
};

/** The first `known` digits of a code, and how many they are. */
const keyOf = (code: number, known: number): number => ((code >>> (16 - 4 * known)) << 3) | known;

/** A table by number, so that looking up makes no text: it is done for every response. */
function compiled(table: Statuses): ReadonlyMap<number, Status> {
  const rows = Object.entries(table).map(([pattern, [category, meaning]]) => {
    const known = pattern.replace(/x+$/, '').length;
    return [keyOf(Number.parseInt(pattern.replaceAll('x', '0'), 16), known), { category, meaning }] as const;
  });
  return new Map(rows);
}

const SHARED = [compiled(GENERAL), compiled(CLASSES)];
const TABLES = new Map(
  Object.entries(SERVICES).map(([service, own]) => [service, [compiled(own), ...SHARED]] as const),
);
const UNKNOWN: Status = { category: 'failure', meaning: 'unknown status' };

/** What a status means to a service: its own table first, then the general one, then the class of the code. */
export function statusOf(service: StatusService, code: number): Status {
  for (const table of TABLES.get(service) ?? SHARED) {
    for (let known = 4; known > 0; known -= 1) {
      const status = table.get(keyOf(code, known));
      if (status !== undefined) return status;
    }
  }
  return UNKNOWN;
}

/** «A702 (unable to perform sub-operations)» */
export function describeStatus(service: StatusService, code: number): string {
  const hex = code.toString(16).padStart(4, '0').toUpperCase();
  return `${hex} (${statusOf(service, code).meaning})`;
}
