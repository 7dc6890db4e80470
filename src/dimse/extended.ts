// TABLE of SOP Class Extended Negotiation information (PS3.4 C.5.1.1, C.5.2.1, C.5.3.1, K.5.1.2, B.3.1): what each byte is.

/** Bytes in their order; each 1 when supported. `always` stands for a byte that is 1 whatever is wanted. */
const BYTES = {
  /** C-FIND of the Query/Retrieve service classes (PS3.4 Table C.5-1, C.5-2). */
  find: [
    'relationalQueries',
    'combinedDateTime',
    'fuzzyMatching',
    'timezoneAdjustment',
    'enhancedMultiFrameConversion',
    'emptyValueMatching',
    'multipleValueMatching',
  ],
  /** C-GET and C-MOVE (PS3.4 Table C.5-3). */
  retrieve: ['relationalRetrieval', 'enhancedMultiFrameConversion'],
  /** Modality Worklist and Unified Procedure Step C-FIND (PS3.4 K.5.1.2, CC.3.2). */
  worklist: ['always', 'always', 'fuzzyMatching', 'timezoneAdjustment'],
} as const;

export type ExtendedService = keyof typeof BYTES;
export type ExtendedOption<S extends ExtendedService> = Exclude<(typeof BYTES)[S][number], 'always'>;

/** What a C-FIND of the Query/Retrieve service classes can be agreed to do (PS3.4 C.5.1.1). */
export type FindOption = ExtendedOption<'find'>;

/** Service-class application information that offers these options; as short as it can be. */
export function extendedInformation<S extends ExtendedService>(
  service: S,
  options: readonly ExtendedOption<S>[],
): Buffer {
  const names: readonly string[] = BYTES[service];
  const bits = names.map((name) => Number(name === 'always' || (options as readonly string[]).includes(name)));
  const fixed = names.lastIndexOf('always') + 1;
  return Buffer.from(bits.slice(0, Math.max(1, fixed, bits.lastIndexOf(1) + 1)));
}

/** The options that service-class application information names; bytes that are missing are 0 (UL-32). */
export function extendedOptions<S extends ExtendedService>(
  service: S,
  information: Buffer | undefined,
): ReadonlySet<ExtendedOption<S>> {
  const names: readonly string[] = BYTES[service];
  const taken = names.filter((name, index) => name !== 'always' && information?.[index] === 1);
  return new Set(taken as ExtendedOption<S>[]);
}

/** The acceptor's answer: what was offered and is supported; one byte where one byte was offered (UL-32). */
export function answerExtended<S extends ExtendedService>(
  service: S,
  offered: Buffer,
  supported: readonly ExtendedOption<S>[],
): Buffer {
  const wanted = extendedOptions(service, offered);
  const answer = extendedInformation(
    service,
    supported.filter((option) => wanted.has(option)),
  );
  return offered.length <= 1 ? answer.subarray(0, 1) : answer;
}
