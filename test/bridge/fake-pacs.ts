// A PACS in memory for tests of the bridge: answers queries from lists of data sets, and remembers what it was asked.

import { Learned } from '../../src/bridge/pacs/learned.ts';
import type { FindOptions, Pacs, QueryLevel } from '../../src/bridge/pacs/pacs.ts';
import type { Attribute, Dataset, Value } from '../../src/dimse/data/dataset.ts';
import { tagOf, vrOf } from '../../src/dimse/data/dictionary.ts';
import type { Vr } from '../../src/dimse/data/vr.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import type { FindOption } from '../../src/dimse/index.ts';

export type Asked = { level: QueryLevel; identifier: Dataset; relational: boolean; agreed: readonly FindOption[] };

export type FakeOptions = {
  /** Every entity as keyword → value; SERIES and IMAGE rows carry the unique keys of the levels above. */
  rows: Partial<Record<QueryLevel, Dataset[]>>;
  /** Attributes that this PACS has never heard of: neither matched nor returned. */
  ignores?: string[];
  status?: number;
  name?: string;
  /** Never answers: waits until the signal fires. */
  silent?: boolean;
  fail?: DicomError;
  /** Agrees to relational queries: `joined`, with the attributes of the levels above; `bare`, with their keys alone. */
  relational?: 'joined' | 'bare';
  /** What else it agrees to for C-FIND. */
  agrees?: readonly FindOption[];
  /** Gives all of a level whatever is asked. */
  loose?: boolean;
};

/** `dataset({ PatientID: 'A', ModalitiesInStudy: ['CT', 'MR'] })`; `null` is an attribute without a value. */
export function dataset(values: Record<string, Value | Value[]>): Dataset {
  return Object.fromEntries(
    Object.entries(values).map(([keyword, value]): [string, Attribute] => {
      const tag = tagOf(keyword) ?? keyword;
      const vr: Vr = vrOf(tag);
      return [tag, value === null ? { vr } : { vr, Value: Array.isArray(value) ? value : [value] }];
    }),
  );
}

/** Values by keyword of one attribute. */
export function valuesOf(from: Dataset | undefined, keyword: string): Value[] | undefined {
  return from?.[tagOf(keyword) ?? '']?.Value;
}

const UNIQUE = ['0020000D', '0020000E', '00080018'];

export function fakePacs(options: FakeOptions): { pacs: Pacs; asked: Asked[]; stopped: () => number } {
  const asked: Asked[] = [];
  let stopped = 0;
  const ignored = (options.ignores ?? []).map((keyword) => tagOf(keyword));
  async function* find(level: QueryLevel, identifier: Dataset, { signal, agreed = [] }: FindOptions) {
    const relational = agreed.includes('relationalQueries');
    if (relational && options.relational === undefined) {
      throw new DicomError('no-context', 'C-FIND: not agreed', { field: 'extended-negotiation' });
    }
    asked.push({ level, identifier, relational, agreed });
    if (options.fail) throw options.fail;
    if (options.silent) await silence(signal);
    let ended = false;
    try {
      for (const row of options.rows[level] ?? []) {
        await Promise.resolve();
        if (signal.aborted) throw new DicomError('cancelled', 'C-FIND: cancelled');
        if (!options.loose && !matchesUniqueKeys(row, identifier)) continue;
        const whole = options.relational === 'joined' ? withParents(row) : row;
        yield { identifier: answer(whole, identifier), status: options.status ?? 0xff00 };
      }
      ended = true;
    } finally {
      if (!ended) stopped++;
    }
  }
  const withParents = (row: Dataset): Dataset => {
    const same = (tag: string) => (other: Dataset) => other[tag]?.Value?.[0] === row[tag]?.Value?.[0];
    const study = options.rows.STUDY?.find(same('0020000D'));
    const series = row['0020000E'] && options.rows.SERIES?.find(same('0020000E'));
    return { ...study, ...series, ...row };
  };
  const answer = (row: Dataset, identifier: Dataset): Dataset => {
    const tags = Object.keys(identifier).filter((tag) => !ignored.includes(tag));
    const kept = tags.map((tag): [string, Attribute] => [tag, row[tag] ?? { vr: vrOf(tag) }]);
    return { ...Object.fromEntries(kept), '00080052': { vr: 'CS', Value: ['STUDY'] } };
  };
  const refuse = () => Promise.reject(new Error('not in this test'));
  const pacs: Pacs = {
    config: {
      ...{
        aeTitle: 'FAKE',
        host: '127.0.0.1',
        port: 104,
        retrieve: 'auto',
        maxAssociations: 4,
        storeAssociations: 1,
        retrieveAssociations: 3,
        withoutBulkData: 'instance',
        maxWaiting: 8,
        idle: 1000,
      },
      ...{ maxAge: 1000, maxRequests: 1000, charset: 'ISO_IR 192' },
      timeouts: { connect: 1000, associate: 1000, response: 1000, release: 1000, artim: 1000, arrival: 1000 },
      tls: { enabled: false, verify: true, minVersion: 'TLSv1.2' },
      userIdentity: { type: 'none', responseRequired: false },
    },
    name: options.name ?? 'FAKE',
    callingAeTitle: 'GATEWAY',
    learned: new Learned(),
    find,
    agreed: async (wanted) => new Set(wanted.filter((option) => options.agrees?.includes(option))),
    lease: refuse,
    echo: refuse,
    close: () => Promise.resolve(),
  };
  return { pacs, asked, stopped: () => stopped };
}

function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new DicomError('cancelled', 'C-FIND: cancelled')), { once: true });
  });
}

/** Only unique keys are matched: what else is asked, this PACS leaves to the one who asks. */
function matchesUniqueKeys(row: Dataset, identifier: Dataset): boolean {
  return UNIQUE.every((tag) => {
    const wanted = identifier[tag]?.Value ?? [];
    return wanted.length === 0 || wanted.includes(row[tag]?.Value?.[0] ?? null);
  });
}
