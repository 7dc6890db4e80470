import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  agreementOf,
  associateAc,
  associateRq,
  type Proposal,
  type ProposedContext,
  proposedContexts,
  type Support,
} from '../../../src/dimse/ul/negotiation.ts';
import { type AssociateAc, decodePdu, encodePdu } from '../../../src/dimse/ul/pdu.ts';
import { describeAbort, describeRejection } from '../../../src/dimse/ul/rejection.ts';
import { identityOf, type Roles, userInformationOf } from '../../../src/dimse/ul/user-information.ts';

const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';
const MR = '1.2.840.10008.5.1.4.1.1.4';

const self = { maximumLength: 16384, implementationClassUid: '1.2.3', implementationVersionName: 'TEST' };
const propose = (contexts: readonly ProposedContext[], more: Partial<Proposal> = {}) =>
  associateRq({ ...self, calledAeTitle: 'B', callingAeTitle: 'A', contexts, ...more });
const support = (more: Partial<Support> = {}): Support => ({ ...self, contexts: () => [EXPLICIT, IMPLICIT], ...more });
const agree = (contexts: readonly ProposedContext[], more: Partial<Support> = {}) => {
  const rq = propose(contexts);
  return agreementOf(rq, associateAc(rq, support(more)));
};
const ct: ProposedContext = { abstractSyntax: CT, transferSyntaxes: [IMPLICIT, EXPLICIT] };

test('UL-21 contexts have odd IDs from 1 on, all different', () => {
  const rq = propose(Array.from({ length: 128 }, () => ct));
  const ids = proposedContexts(rq).map(({ id }) => id);
  assert.deepEqual([ids[0], ids[1], ids[127]], [1, 3, 255]);
  assert.equal(new Set(ids).size, 128);
});

test('UL-21 more than 128 contexts, and none at all, are refused before anything is sent (T-62)', () => {
  assert.throws(() => propose(Array.from({ length: 129 }, () => ct)), { kind: 'malformed' });
  assert.throws(() => propose([]), { kind: 'malformed' });
});

test('the acceptor takes its own first preference among the transfer syntaxes offered', () => {
  const [context] = agree([ct]).contexts;
  assert.equal(context?.transferSyntaxUid, EXPLICIT);
});

test('an abstract syntax that is not supported has result 3, transfer syntaxes that are not have 4', () => {
  const jpeg = { abstractSyntax: MR, transferSyntaxes: ['1.2.840.10008.1.2.4.50'] };
  const { contexts, rejected } = agree([ct, jpeg], { contexts: (uid) => (uid === CT ? undefined : [EXPLICIT]) });
  assert.deepEqual(contexts, []);
  assert.deepEqual(rejected, [
    { abstractSyntax: CT, result: 3 },
    { abstractSyntax: MR, result: 4 },
  ]);
});

test('T-59 a rejected context is answered with one transfer syntax all the same', () => {
  const ac = associateAc(propose([ct]), support({ contexts: () => undefined }));
  const [, result] = ac.items;
  assert.equal(result?.type === 'presentation-context-result' && result.syntaxes.length, 1);
});

test('results may come in any order', () => {
  const rq = propose([ct, { ...ct, abstractSyntax: MR }]);
  const ac = associateAc(rq, support());
  const { contexts } = agreementOf(rq, { ...ac, items: ac.items.toReversed() });
  assert.deepEqual(
    contexts.map(({ id, abstractSyntax }) => [id, abstractSyntax]),
    [
      [1, CT],
      [3, MR],
    ],
  );
});

describe('an answer that was not asked for', () => {
  const answered = (id: number, uid: string) => {
    const rq = propose([ct]);
    const ac: AssociateAc = {
      ...associateAc(rq, support()),
      items: [{ type: 'presentation-context-result', id, result: 0, syntaxes: [{ type: 'transfer-syntax', uid }] }],
    };
    return agreementOf(rq, ac);
  };
  test('a transfer syntax that was not proposed is no acceptance', () => {
    assert.deepEqual(answered(1, '1.2.840.10008.1.2.4.50').rejected, [{ abstractSyntax: CT, result: 2 }]);
  });
  test('a context that was not proposed is none, and one without answer is rejected', () => {
    const { contexts, rejected } = answered(5, IMPLICIT);
    assert.deepEqual([contexts, rejected], [[], [{ abstractSyntax: CT, result: 2 }]]);
  });
});

describe('UL-27 roles', () => {
  const rows: readonly [proposed: Roles | undefined, expected: Roles][] = [
    [undefined, { scu: true, scp: false }],
    [
      { scu: true, scp: true },
      { scu: true, scp: true },
    ],
    [
      { scu: false, scp: true },
      { scu: false, scp: true },
    ],
    [
      { scu: true, scp: false },
      { scu: true, scp: false },
    ],
  ];
  for (const [proposed, expected] of rows) {
    test(`${JSON.stringify(proposed)} gives ${JSON.stringify(expected)}`, () => {
      const [context] = agree([{ ...ct, ...(proposed && { roles: proposed }) }]).contexts;
      assert.deepEqual(context?.roles, expected);
    });
  }

  test('without a role item in the answer the defaults hold', () => {
    const rq = propose([{ ...ct, roles: { scu: false, scp: true } }]);
    const ac = associateAc(propose([ct]), support());
    assert.deepEqual(agreementOf(rq, ac).contexts[0]?.roles, { scu: true, scp: false });
  });

  test('a role that was not proposed is not had, whatever is answered', () => {
    const rq = propose([{ ...ct, roles: { scu: true, scp: false } }]);
    const generous = associateAc(propose([{ ...ct, roles: { scu: true, scp: true } }]), support());
    assert.deepEqual(agreementOf(rq, generous).contexts[0]?.roles, { scu: true, scp: false });
  });

  test('the item is not in an answer to a request without it', () => {
    const items = userInformationOf(associateAc(propose([ct]), support()));
    assert.equal(
      items.some(({ type }) => type === 'role-selection'),
      false,
    );
  });
});

describe('UL-28 asynchronous operations window', () => {
  const offering = (window: { invoked: number; performed: number }) => {
    const rq = propose([ct]);
    const item = { type: 'asynchronous-operations-window' as const, ...window };
    const items = rq.items.map((each) =>
      each.type === 'user-information' ? { ...each, items: [...each.items, item] } : each,
    );
    return associateAc({ ...rq, items }, support());
  };
  test('any offer is answered 1/1: that is what is done', () => {
    for (const offered of [
      { invoked: 0, performed: 0 },
      { invoked: 5, performed: 3 },
    ]) {
      const answer = userInformationOf(offering(offered)).find(
        (each) => each.type === 'asynchronous-operations-window',
      );
      assert.deepEqual(answer, { type: 'asynchronous-operations-window', invoked: 1, performed: 1 });
    }
  });
  test('no offer is not answered, and means 1/1', () => {
    const rq = propose([ct]);
    const ac = associateAc(rq, support());
    assert.equal(
      userInformationOf(ac).some(({ type }) => type === 'asynchronous-operations-window'),
      false,
    );
    assert.deepEqual(agreementOf(rq, ac).window, { invoked: 1, performed: 1 });
  });
});

describe('UL-32 extended negotiation', () => {
  const offered = { ...ct, extended: Buffer.from([1, 1, 0]) };
  test('is answered by what the acceptor says', () => {
    const answer = (uid: string, bytes: Buffer) => (uid === CT ? Buffer.from([bytes.readUInt8(0), 0, 0]) : undefined);
    assert.deepEqual(agree([offered], { extended: answer }).contexts[0]?.extended, Buffer.from([1, 0, 0]));
  });
  test('is not answered when the acceptor says nothing', () => {
    assert.equal(agree([offered]).contexts[0]?.extended, undefined);
  });
  test('UL-31 common extended negotiation is sent, and never answered', () => {
    const common = { sopClassUid: CT, serviceClassUid: '1.2.840.10008.4.2', relatedGeneralSopClassUids: [MR] };
    const rq = propose([ct], { commonExtended: [common] });
    assert.deepEqual(userInformationOf(rq).at(-1), { type: 'common-extended-negotiation', ...common });
    const answered = userInformationOf(associateAc(rq, support()));
    assert.equal(
      answered.some(({ type }) => type === 'common-extended-negotiation'),
      false,
    );
  });
});

describe('UL-29 a user identity', () => {
  const identityType = (type: number) => {
    const rq = propose([ct], { userIdentity: { type: 1, primary: 'me' } });
    for (const item of userInformationOf(rq)) if (item.type === 'user-identity') item.identityType = type;
    return identityOf(rq)?.type;
  };
  for (const type of [1, 5]) test(`of type ${type} is one`, () => assert.equal(identityType(type), type));
  for (const type of [0, 6])
    test(`of type ${type}, which nobody defined, is none`, () => assert.equal(identityType(type), undefined));
});

test('UL-6 sub-items are written in ascending order', () => {
  const rq = propose([{ ...ct, roles: { scu: true, scp: true }, extended: Buffer.from([1]) }], {
    commonExtended: [{ sopClassUid: CT, serviceClassUid: '1.2', relatedGeneralSopClassUids: [] }],
    userIdentity: { type: 1, primary: 'me' },
  });
  const bytes = encodePdu(rq);
  const start = bytes.lastIndexOf(Buffer.from([0x50, 0x00]));
  const codes: number[] = [];
  for (let at = start + 4; at < bytes.length; at += 4 + bytes.readUInt16BE(at + 2)) codes.push(bytes.readUInt8(at));
  assert.deepEqual(codes, [0x51, 0x52, 0x54, 0x55, 0x56, 0x57, 0x58]);
});

test('the largest request there can be survives its own encoding', () => {
  const transferSyntaxes = Array.from({ length: 40 }, (_, index) => `1.2.840.10008.1.2.4.${index}`);
  const rq = propose(
    Array.from({ length: 128 }, (_, index) => ({
      abstractSyntax: `1.2.3.${index}`,
      transferSyntaxes,
      roles: { scu: true, scp: true },
    })),
  );
  assert.deepEqual(decodePdu(encodePdu(rq)), rq);
});

test('a rejection is told in words', () => {
  assert.equal(
    describeRejection({ result: 1, source: 1, reason: 7 }),
    'called AE title not recognized (permanent, service-user)',
  );
  assert.equal(
    describeRejection({ result: 2, source: 3, reason: 1 }),
    'temporary congestion (transient, service-provider, presentation)',
  );
  assert.equal(describeRejection({ result: 1, source: 1, reason: 10 }), 'reason 10 (permanent, service-user)');
});

test('an abort is told in words', () => {
  assert.equal(describeAbort({ source: 2, reason: 2 }), 'service-provider: unexpected PDU');
  assert.equal(describeAbort({ source: 0, reason: 0 }), 'service-user');
});
