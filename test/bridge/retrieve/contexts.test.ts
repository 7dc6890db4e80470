// What is proposed to a PACS for a C-GET.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storageContexts } from '../../../src/bridge/retrieve/contexts.ts';
import { ImplicitLittle } from '../../../src/dimse/data/transfer-syntax.ts';

test('D-27 Implicit VR Little Endian is offered for every storage class, also where contexts run short', () => {
  const classes = Array.from({ length: 100 }, (_, index) => `1.2.840.10008.5.1.4.1.1.${index + 500}`);
  for (const count of [1, 5, 40, 100]) {
    const contexts = storageContexts(classes.slice(0, count));
    const offering = contexts.filter(({ transferSyntaxes }) => transferSyntaxes.includes(ImplicitLittle));
    assert.equal(new Set(offering.map(({ abstractSyntax }) => abstractSyntax)).size, count);
  }
});
