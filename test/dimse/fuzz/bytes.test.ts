// Mutated PDUs and command sets: only DicomErrors, no growth.

import { test } from 'node:test';
import { decodeCommand, encodeCommand } from '../../../src/dimse/command.ts';
import { Framing } from '../../../src/dimse/ul/framing.ts';
import { decodePdu, encodePdu } from '../../../src/dimse/ul/pdu.ts';
import { PDU_FIXTURES } from '../ul/pdu-fixtures.ts';
import { AC, COMMANDS, RQ } from './conversation.ts';
import { below, chunked, mutated, oneOf, randomFrom } from './mutation.ts';
import { RUNS, SEED, tolerated, withoutGrowth } from './runs.ts';

test(`${RUNS.pdus} mutated PDUs`, async () => {
  const originals = [...PDU_FIXTURES.map(({ bytes }) => bytes), encodePdu(RQ), encodePdu(AC)];
  await withoutGrowth(RUNS.pdus, (run) => {
    const seed = SEED + run;
    const random = randomFrom(seed);
    const bytes = mutated(oneOf(random, originals), random);
    tolerated(seed, () => void decodePdu(bytes));
    tolerated(seed, () => {
      const framing = new Framing({ maximumLength: below(random, 3) * 128 });
      for (const chunk of chunked(bytes, random)) for (const _ of framing.push(chunk));
    });
  });
});

test(`${RUNS.commandSets} mutated command sets`, async () => {
  const originals = Object.values(COMMANDS).map(encodeCommand);
  await withoutGrowth(RUNS.commandSets, (run) => {
    const seed = SEED + run;
    const random = randomFrom(seed);
    tolerated(seed, () => void decodeCommand(mutated(oneOf(random, originals), random)));
  });
});
