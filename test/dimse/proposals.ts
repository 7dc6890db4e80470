// What tests of associations propose and ask for.

import type { Dataset } from '../../src/dimse/data/dataset.ts';
import type { ProposedContext } from '../../src/dimse/index.ts';
import { EXPLICIT } from './scripted-peer.ts';

export const VERIFICATION = '1.2.840.10008.1.1';
export const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
export const MOVE = '1.2.840.10008.5.1.4.1.2.2.2';
export const GET = '1.2.840.10008.5.1.4.1.2.2.3';
export const CT = '1.2.840.10008.5.1.4.1.1.2';

/** QueryRetrieveLevel alone: as little as an identifier can be. */
export const STUDY_LEVEL: Dataset = { '00080052': { vr: 'CS', Value: ['STUDY'] } };

/** Contexts 1, 3, 5 and so on for these SOP classes, CT Image Storage in both roles. */
export const proposing = (...sopClassUids: string[]): ProposedContext[] =>
  sopClassUids.map((abstractSyntax) => ({
    abstractSyntax,
    transferSyntaxes: [EXPLICIT],
    ...(abstractSyntax === CT && { roles: { scu: true, scp: true } }),
  }));
