// Whole conversations as they should be, in pieces to be mutated: an association request, messages, a release.

import { requestCommand, responseCommand } from '../../../src/dimse/command.ts';
import { associateAc, associateRq } from '../../../src/dimse/ul/negotiation.ts';
import { encodePdu, type Pdu } from '../../../src/dimse/ul/pdu.ts';
import { hex } from '../hex.ts';
import { EXPLICIT, message } from '../scripted-peer.ts';
import { below, mutated } from './mutation.ts';

export const VERIFICATION = '1.2.840.10008.1.1';
export const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
export const GET = '1.2.840.10008.5.1.4.1.2.2.3';
export const CT = '1.2.840.10008.5.1.4.1.1.2';

export const CONTEXTS = [VERIFICATION, FIND, GET, CT].map((abstractSyntax) => ({
  abstractSyntax,
  transferSyntaxes: [EXPLICIT],
  roles: { scu: true, scp: true },
  extended: Buffer.from([1, 1, 1]),
}));
const SELF = { maximumLength: 16384, implementationClassUid: '1.2.3', implementationVersionName: 'FUZZ' };
export const RQ = associateRq({
  ...SELF,
  calledAeTitle: 'US',
  callingAeTitle: 'FUZZ',
  contexts: CONTEXTS,
  userIdentity: { type: 2, primary: 'me', secondary: 'pw' },
});
export const AC = associateAc(RQ, { ...SELF, contexts: () => [EXPLICIT] });

const echo = requestCommand('C-ECHO', { messageId: 1, affectedSopClassUid: VERIFICATION });
const find = requestCommand('C-FIND', { messageId: 1, affectedSopClassUid: FIND, priority: 0 }, true);
const get = requestCommand('C-GET', { messageId: 1, affectedSopClassUid: GET, priority: 0 }, true);
const stored = { messageId: 1, affectedSopClassUid: CT, affectedSopInstanceUid: '1.2.3', priority: 0 };
const store = requestCommand('C-STORE', stored, true);
const cancel = requestCommand('C-CANCEL', { messageIdBeingRespondedTo: 1 });
const acted = { messageId: 1, requestedSopClassUid: FIND, requestedSopInstanceUid: '1', actionTypeId: 1 };
const action = requestCommand('N-ACTION', acted);
const pending = responseCommand(find, 0xff00, {}, true);
export const COMMANDS = { echo, find, store, cancel, action, pending };

const identifier = hex('08005200 "CS" 0600 "STUDY " 10001000 "PN" 0400 "A^B " 20000D00 "UI" 0400 "1.2" 00');
const pixels = Buffer.alloc(3000, 7);

/** What goes over the wire in one direction, in order. */
const bytesOf = (...pdus: (Pdu | Pdu[])[]): Buffer => Buffer.concat(pdus.flat().map(encodePdu));

export const REQUESTOR_SAYS: readonly (readonly Buffer[])[] = [
  [message(echo)],
  [message(find, identifier, 3)],
  [message(find, identifier, 3), message(cancel, undefined, 3)],
  [
    message(get, identifier, 5),
    message(responseCommand(store, 0), undefined, 7),
    message(responseCommand(store, 0), undefined, 7),
  ],
  [message(store, pixels, 7), message(echo)],
  [message(action, undefined, 3)],
].map((messages) => [bytesOf(RQ), ...messages.map((pdus) => bytesOf(pdus)), bytesOf({ type: 'release-rq' })]);

export const ACCEPTOR_SAYS: readonly (readonly Buffer[])[] = [
  [message(pending, identifier, 3), message(responseCommand(find, 0), undefined, 3)],
  [message(pending, identifier, 3), message(responseCommand(find, 0xc001), undefined, 3)],
  [message(store, pixels, 7), message(responseCommand(find, 0), undefined, 3)],
].map((messages) => [bytesOf(AC), ...messages.map((pdus) => bytesOf(pdus)), bytesOf({ type: 'release-rp' })]);

/** A conversation with something wrong somewhere: more often after the association was made than before. */
export function broken(parts: readonly Buffer[], random: () => number): Buffer {
  const at = random() < 0.3 ? 0 : below(random, parts.length);
  return Buffer.concat(parts.map((part, index) => (index === at ? mutated(part, random) : part)));
}
