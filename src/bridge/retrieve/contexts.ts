// TABLE what is proposed to a PACS: the query and retrieve models, and for C-GET one presentation context per SOP class and
// transfer syntax, so that each instance comes as it is stored (PS3.7 D.3.2, PS3.5 10.1).

import { ExplicitLittle, ImplicitLittle, TRANSFER_SYNTAXES, transferSyntax } from '../../dimse/data/transfer-syntax.ts';
import { extendedInformation, type FindOption, type ProposedContext } from '../../dimse/index.ts';
import { MAX_CONTEXTS } from '../pacs/pool.ts';

/** SOP classes of PS3.4 A.4, C.6.1.3 and C.6.2.3. */
export const Verification = '1.2.840.10008.1.1';
export const PatientRootFind = '1.2.840.10008.5.1.4.1.2.1.1';
export const StudyRootFind = '1.2.840.10008.5.1.4.1.2.2.1';
export const StudyRootMove = '1.2.840.10008.5.1.4.1.2.2.2';
export const StudyRootGet = '1.2.840.10008.5.1.4.1.2.2.3';
/** Z.6. */
export const WithoutBulkDataGet = '1.2.840.10008.5.1.4.1.2.5.3';

const PLAIN = [ExplicitLittle, ImplicitLittle];

/** Offered with every Study Root C-FIND: who asks level by level loses nothing by it (PS3.4 C.5.1.1). */
const ALWAYS_OFFERED: readonly FindOption[] = ['relationalQueries'];

/** Proposed on every association for queries and retrieves: one that was opened for either then serves both. */
export const QUERY_RETRIEVE_CONTEXTS: readonly ProposedContext[] = [
  { abstractSyntax: Verification, transferSyntaxes: PLAIN },
  { abstractSyntax: StudyRootFind, transferSyntaxes: PLAIN, extended: extendedInformation('find', ALWAYS_OFFERED) },
  { abstractSyntax: StudyRootGet, transferSyntaxes: PLAIN },
  { abstractSyntax: StudyRootMove, transferSyntaxes: PLAIN },
  { abstractSyntax: PatientRootFind, transferSyntaxes: PLAIN },
];

/** Proposed only where metadata are to come so: few PACS have heard of it. */
export const WITHOUT_BULK_DATA_CONTEXT: ProposedContext = {
  abstractSyntax: WithoutBulkDataGet,
  transferSyntaxes: PLAIN,
};

/** The context of `QUERY_RETRIEVE_CONTEXTS` for one of its SOP classes. */
export function contextOf(sopClassUid: string): ProposedContext[] {
  return QUERY_RETRIEVE_CONTEXTS.filter(({ abstractSyntax }) => abstractSyntax === sopClassUid);
}

/**
 * The context for a Study Root C-FIND that offers these options of PS3.4 C.5.1.1. What is agreed holds for every query on the
 * association, so a context that offers more is another context to the pool.
 */
export function findContext(options: readonly FindOption[]): ProposedContext[] {
  const extended = extendedInformation('find', [...ALWAYS_OFFERED, ...options]);
  return contextOf(StudyRootFind).map((context) => ({ ...context, extended }));
}

/** Last parts of transfer syntax UIDs, the ones most met first; where contexts run short the later ones share one. */
const BY_USE: readonly string[] = (
  '2.1 2 2.4.70 2.4.90 2.4.50 2.4.80 2.5 2.4.91 2.4.81 2.4.51 2.4.57 2.4.201 2.4.202 2.4.203 2.2 2.1.99 ' +
  '2.4.102 2.4.103 2.4.100 2.4.101 2.4.104 2.4.105 2.4.106 2.4.107 2.4.108 2.4.110 2.4.111 2.4.112 2.4.92 2.4.93'
)
  .split(' ')
  .map((suffix) => `1.2.840.10008.1.${suffix}`);

/** Pixel data by reference (JPIP): what is stored so can't be brought along. */
const BY_REFERENCE = ['2.4.94', '2.4.95', '2.4.204', '2.4.205'].map((suffix) => `1.2.840.10008.1.${suffix}`);

/** Every transfer syntax that instances may be stored in, the ones most met first. */
export const STORED_SYNTAXES: readonly string[] = [
  ...new Set([...BY_USE, ...TRANSFER_SYNTAXES.map(({ uid }) => uid).filter((uid) => !BY_REFERENCE.includes(uid))]),
];

/** Of these, the ones that a PACS can't convert into each other without decoding. */
export const COMPRESSED_SYNTAXES: readonly string[] = STORED_SYNTAXES.filter(
  (uid) => transferSyntax(uid)?.encapsulated === true,
);

/**
 * SOP classes whose instances hold no compressible pixel data, by the start of their UID (PS3.4 B.5): structured reports,
 * presentation states, waveforms, encapsulated documents, RT plans and the like. Native syntaxes are enough for them.
 */
const WITHOUT_PIXELS = [
  '1.2.840.10008.5.1.4.1.1.88.',
  '1.2.840.10008.5.1.4.1.1.11.',
  '1.2.840.10008.5.1.4.1.1.9.',
  '1.2.840.10008.5.1.4.1.1.104.',
  '1.2.840.10008.5.1.4.1.1.481.3',
  '1.2.840.10008.5.1.4.1.1.481.4',
  '1.2.840.10008.5.1.4.1.1.481.5',
  '1.2.840.10008.5.1.4.1.1.481.8',
  '1.2.840.10008.5.1.4.1.1.481.9',
];

const NATIVE = ['2.1', '2', '2.2', '2.1.99'].map((suffix) => `1.2.840.10008.1.${suffix}`);

/** Contexts left for storage beside those for query and retrieve. */
const ROOM = MAX_CONTEXTS - QUERY_RETRIEVE_CONTEXTS.length;

/**
 * The contexts for a C-GET of instances of these SOP classes, with the role selection that C-GET needs (PS3.4 C.5.3.1).
 * Explicit and Implicit VR Little Endian are always among them (PS3.5 10.1), but for a further attempt in just one `syntax`. More classes than there is
 * room for are left out.
 */
export function storageContexts(sopClassUids: readonly string[], syntax?: string): ProposedContext[] {
  const classes = [...new Set(sopClassUids)].sort().slice(0, ROOM);
  const all = syntax === undefined ? undefined : [syntax];
  const wishes = classes.map((uid) => all ?? (isWithoutPixels(uid) ? NATIVE : STORED_SYNTAXES));
  const each = fairShare(wishes.map(({ length }) => length));
  return classes.flatMap((abstractSyntax, index) =>
    grouped(wishes[index] ?? NATIVE, each).map((transferSyntaxes) => ({
      abstractSyntax,
      transferSyntaxes,
      roles: { scu: false, scp: true },
    })),
  );
}

/** Splits classes into lists that each fit one association when every class is proposed in its own syntaxes, or in just one. */
export function classRounds(sopClassUids: readonly string[], syntax?: string): string[][] {
  const rounds: string[][] = [];
  let left = 0;
  for (const uid of sopClassUids) {
    const wish = syntax !== undefined ? 1 : isWithoutPixels(uid) ? NATIVE.length : BY_USE.length;
    if (wish > left) {
      rounds.push([]);
      left = ROOM;
    }
    rounds.at(-1)?.push(uid);
    left -= wish;
  }
  return rounds;
}

function isWithoutPixels(uid: string): boolean {
  return WITHOUT_PIXELS.some((start) => uid.startsWith(start));
}

/** The most that each may have so that all together fit the room. */
function fairShare(wishes: readonly number[]): number {
  let share = STORED_SYNTAXES.length;
  while (share > 1 && wishes.reduce((sum, wish) => sum + Math.min(wish, share), 0) > ROOM) share -= 1;
  return share;
}

/** One list per context: single syntaxes, and in the last place all that are left. */
function grouped(syntaxes: readonly string[], places: number): string[][] {
  if (syntaxes.length <= places) return syntaxes.map((uid) => [uid]);
  return [...syntaxes.slice(0, places - 1).map((uid) => [uid]), syntaxes.slice(places - 1)];
}
