// TABLE Modality (0008,0060) → storage SOP classes: what a C-GET proposes to a PACS that doesn't say which classes its instances
// have (PS3.3 C.7.3.1.1.1, PS3.4 B.5). Guesses come in rounds, the likely ones first.

import { STORAGE_SOP_CLASSES } from '../../dimse/data/uid.ts';

const ROOT = '1.2.840.10008.5.1.4.1.1.';

/** Classes by the end of their UID, the ones most met first. */
const BY_MODALITY: Record<string, string> = {
  CR: '1',
  CT: '2 2.1 2.2',
  MR: '4 4.1 4.2 4.3 4.4',
  US: '6.1 3.1 6 3 6.2',
  IVUS: '6.1 3.1',
  DX: '1.1 1.1.1 1',
  MG: '1.2 1.2.1 13.1.3 13.1.4 13.1.5',
  IO: '1.3 1.3.1',
  PX: '1.1 1.1.1 1.3',
  XA: '12.1 12.1.1 13.1.1 12.3',
  RF: '12.2 12.2.1 13.1.2',
  NM: '20 5',
  PT: '128 130 128.1',
  SC: '7 7.1 7.2 7.3 7.4',
  OT: '7 7.1 7.2 7.3 7.4',
  ES: '77.1.1 77.1.1.1',
  GM: '77.1.2 77.1.2.1',
  SM: '77.1.6 77.1.3',
  XC: '77.1.4 77.1.4.1',
  OP: '77.1.5.1 77.1.5.2',
  OPT: '77.1.5.4',
  OCT: '14.1 14.2',
  SEG: '66.4 66.5',
  REG: '66.1 66.3',
  FID: '66.2',
  SR: '88.11 88.22 88.33 88.34 88.67 88.50 88.65',
  KO: '88.59',
  PR: '11.1 11.2 11.3 11.4',
  DOC: '104.1 104.2',
  M3D: '104.3 104.4 104.5',
  ECG: '9.1.1 9.1.2 9.1.3',
  HD: '9.2.1',
  EPS: '9.3.1',
  AU: '9.4.1',
  RTIMAGE: '481.1',
  RTDOSE: '481.2',
  RTSTRUCT: '481.3',
  RTRECORD: '481.4 481.6 481.7 481.9',
  RTPLAN: '481.5 481.8',
  ANN: '91.1',
};

/** Met under any modality: secondary captures. */
const ANYWHERE = '7';

/** Classes of the modalities first, in the order of the table; then all others. */
export function guessSopClasses(modalities: readonly string[]): { likely: string[]; others: string[] } {
  const suffixes = modalities.flatMap((modality) => (BY_MODALITY[modality] ?? '').split(' ').filter(Boolean));
  // The first class of every modality before the second of any.
  const firsts = modalities.flatMap((modality) => BY_MODALITY[modality]?.split(' ')[0] ?? []);
  const likely = [...new Set([...firsts, ANYWHERE, ...suffixes])].map((suffix) => ROOT + suffix);
  return { likely, others: STORAGE_SOP_CLASSES.filter((uid) => !likely.includes(uid)) };
}
