// Studies whose series or instances a page needs no more: they are counted by what the PACS says of them, and not asked for.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import type { ResourceLevel } from '../resource.ts';
import { textOf } from './find.ts';
import { LEVEL_ORDER, LEVELS } from './query/attributes.ts';
import { narrows } from './query/keys.ts';
import type { Row, Search } from './running.ts';

/** What says how many results a study has. */
const COUNTS: Partial<Record<ResourceLevel, string>> = {
  series: Tag.NumberOfStudyRelatedSeries,
  instance: Tag.NumberOfStudyRelatedInstances,
};

/** Counts the results of studies that come in the order of the results. */
export class Counted {
  readonly #search: Search;
  readonly #enough: number;
  readonly #tag: string;
  #expected = 0;
  /** Results of studies that were passed over. */
  passed = 0;

  private constructor(search: Search, enough: number, tag: string) {
    this.#search = search;
    this.#enough = enough;
    this.#tag = tag;
  }

  /**
   * For a search of which the first `enough` results are needed, where every series or instance of a study is a result. Keys of
   * patients and studies may hide a further row of the same UID, which the numbers of the one that is seen leave out.
   */
  static of(search: Search, enough: number): Counted | undefined {
    const { level, study, keys, moments } = search.query;
    const tag = COUNTS[level];
    if (tag === undefined || study !== undefined) return undefined;
    const isNarrowed = LEVEL_ORDER.some(
      (one) => moments[one].length > 0 || keys[one].some((key) => narrows(key) && key.tag !== LEVELS.study.unique),
    );
    return isNarrowed ? undefined : new Counted(search, enough, tag);
  }

  /** The studies that must be asked for. */
  *needed(studies: readonly Row[]): Generator<Row, void> {
    for (const row of studies) {
      const isWhole = row.study !== undefined && !this.#search.ambiguous.has(row.study);
      const count = isWhole ? countOf(row.answers.study ?? {}, this.#tag) : undefined;
      if (count !== undefined && this.#expected >= this.#enough) this.passed += count;
      else yield row;
      this.#expected += count ?? 0;
    }
  }
}

function countOf(answer: Dataset, tag: string): number | undefined {
  const text = textOf(answer, tag);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
