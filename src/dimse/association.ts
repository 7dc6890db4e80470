// What a caller holds of an association: the operations, each in its own file, and its end.

import type { Dataset } from './data/dataset.ts';
import type { Dialogue } from './dialogue.ts';
import { DicomError } from './errors.ts';
import type { OperationOptions } from './exchange.ts';
import type { Instance, SubOperations } from './instance.ts';
import { echo } from './scu/echo.ts';
import { type FindRequest, find } from './scu/find.ts';
import { type GetRequest, get } from './scu/get.ts';
import { type MoveOptions, type MoveRequest, move } from './scu/move.ts';
import { type NormalizedOutcome, type NormalizedRequest, normalized } from './scu/normalized.ts';
import { type StoreOptions, type StoreOutcome, store } from './scu/store.ts';
import type { AcceptedContext } from './ul/negotiation.ts';

/** One conversation with one peer, one operation at a time: a second one at once is refused with 'busy'. */
export interface Association {
  /** Other end, `AET@host:port`. */
  readonly peer: string;
  /** Accepted presentation contexts; their roles are those of the requestor. */
  readonly contexts: readonly AcceptedContext[];
  /** Presentation contexts refused, with the result of PS3.8 Table 9-18. */
  readonly rejected: readonly { abstractSyntax: string; result: number }[];
  /** Implementation Class UID and Version Name of the peer (PS3.7 D.3.3.2). */
  readonly implementation: { classUid?: string; versionName?: string };
  /** Server response of the user identity negotiation, where one was given (PS3.7 D.3.3.7.2). */
  readonly userIdentityResponse?: Buffer;
  /** Settles when the transport is closed; never rejects. */
  readonly closed: Promise<void>;
  /** Operations are possible. */
  readonly isOpen: boolean;
  /** C-ECHO; throws 'status' at any status but 0000. */
  echo(options?: OperationOptions): Promise<void>;
  /** C-FIND: one match per pending response, read only when asked for; returning early cancels. */
  find(request: FindRequest, options?: OperationOptions): AsyncGenerator<{ identifier: Dataset; status: number }, void>;
  /** C-GET: one instance per C-STORE of the peer, each to be read or returned before the next; returning early cancels. */
  get(request: GetRequest, options?: OperationOptions): AsyncGenerator<Instance, SubOperations>;
  /** C-MOVE: the counts of each pending response; returning early cancels. */
  move(request: MoveRequest, options?: MoveOptions): AsyncGenerator<SubOperations, SubOperations>;
  /** C-STORE: returns the peer's status, also that of a failure. */
  store(instance: Instance, options?: StoreOptions): Promise<StoreOutcome>;
  /** N-CREATE, N-SET, N-GET, N-ACTION, N-DELETE, N-EVENT-REPORT: returns the peer's status, also that of a failure. */
  normalized(request: NormalizedRequest, options?: OperationOptions): Promise<NormalizedOutcome>;
  /** A-RELEASE. Never fails: a peer that does not answer is aborted. */
  release(): Promise<void>;
  /** A-ABORT: operations under way throw 'aborted'. */
  abort(): void;
}

async function release({ connection, timeouts, peer }: Dialogue): Promise<void> {
  const wait = { doing: `A-RELEASE to ${peer}`, awaited: 'response', ms: timeouts.release, detail: { peer } };
  await connection.release(wait).catch(() => connection.abort());
}

/** The face of a dialogue. */
export function associationOf(dialogue: Dialogue): Association {
  const { agreement, connection } = dialogue;
  const { implementationClassUid, implementationVersionName, userIdentityResponse } = agreement;
  return {
    peer: dialogue.peer,
    contexts: agreement.contexts,
    rejected: agreement.rejected,
    implementation: {
      ...(implementationClassUid !== undefined && { classUid: implementationClassUid }),
      ...(implementationVersionName !== undefined && { versionName: implementationVersionName }),
    },
    ...(userIdentityResponse !== undefined && { userIdentityResponse }),
    closed: connection.closed,
    get isOpen() {
      return connection.isOpen;
    },
    echo: (options = {}) => echo(dialogue, options),
    find: (request, options = {}) => find(dialogue, request, options),
    get: (request, options = {}) => get(dialogue, request, options),
    move: (request, options = {}) => move(dialogue, request, options),
    store: (instance, options = {}) => store(dialogue, instance, options),
    normalized: (request, options = {}) => normalized(dialogue, request, options),
    release: () => release(dialogue),
    abort: () =>
      dialogue.fail(
        new DicomError('aborted', `association with ${dialogue.peer} aborted by us`, { peer: dialogue.peer }),
      ),
  };
}
