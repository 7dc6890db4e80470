// What is proposed for a C-GET.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  classRounds,
  QUERY_RETRIEVE_CONTEXTS,
  STORED_SYNTAXES,
  storageContexts,
} from '../../../src/bridge/retrieve/contexts.ts';
import { identifierOf } from '../../../src/bridge/retrieve/transfer.ts';
import { ExplicitLittle, ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';
import { STORAGE_SOP_CLASSES } from '../../../src/dimse/data/uid.ts';
import { CT, SR } from '../fixtures.ts';

const ROOM = 128 - QUERY_RETRIEVE_CONTEXTS.length;

for (const classes of [[CT], [CT, SR], STORAGE_SOP_CLASSES.slice(0, 40), STORAGE_SOP_CLASSES]) {
  test(`W-D4 T-62 no more contexts than there are ids for, with ${classes.length} SOP classes`, () => {
    assert.ok(storageContexts(classes).length <= ROOM);
  });

  test(`W-D6 Implicit and Explicit VR Little Endian are among them, with ${classes.length} SOP classes`, () => {
    const byClass = Map.groupBy(storageContexts(classes), ({ abstractSyntax }) => abstractSyntax);
    for (const contexts of byClass.values()) {
      const syntaxes = contexts.flatMap(({ transferSyntaxes }) => transferSyntaxes);
      assert.ok(syntaxes.includes(ExplicitLittle) && syntaxes.includes(ImplicitLittle));
    }
  });
}

test('W-D4 rounds take every SOP class in, each round with room for it', () => {
  const rounds = classRounds(STORAGE_SOP_CLASSES);
  assert.deepEqual(rounds.flat(), [...STORAGE_SOP_CLASSES]);
  for (const round of rounds)
    assert.equal(new Set(storageContexts(round).map((one) => one.abstractSyntax)).size, round.length);
});

test('W-D5 one context for each transfer syntax that an instance may be stored in', () => {
  const contexts = storageContexts([CT]);
  assert.deepEqual(
    contexts.map(({ transferSyntaxes }) => transferSyntaxes),
    STORED_SYNTAXES.map((uid) => [uid]),
  );
  assert.ok(contexts.every(({ roles }) => roles?.scp === true && roles.scu === false));
});

test('W-D3 an identifier always names all levels above: no relational retrieve needs to be agreed', () => {
  const keys = (target: Parameters<typeof identifierOf>[0]) => Object.keys(identifierOf(target)).sort();
  assert.deepEqual(keys({ study: '1' }), ['00080052', '0020000D']);
  assert.deepEqual(keys({ study: '1', series: '2' }), ['00080052', '0020000D', '0020000E']);
  assert.deepEqual(keys({ study: '1', series: '2', instances: ['3', '4'] }), [
    '00080018',
    '00080052',
    '0020000D',
    '0020000E',
  ]);
});
