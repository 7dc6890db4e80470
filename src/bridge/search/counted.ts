// Studies whose series or instances a page needs no more: they are counted by what the PACS says of them, and not asked for.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import type { ResourceLevel } from '../resource.ts';
import { textOf } from './find.ts';
import { LEVEL_ORDER } from './query-attributes.ts';
import { narrows } from './query-keys.ts';
import type { Row, Search } from './running.ts';

/** What says how many results a study has. */
const COUNTS: Partial<Record<ResourceLevel, string>> = {
  series: Tag.NumberOfStudyRelatedSeries,
  instance: Tag.NumberOfStudyRelatedInstances,
};

/** Counts the results of studies that come in the order of the results. */
export class Counted {
  readonly #enough: number;
  readonly #tag: string;
  #expected = 0;
  /** Results of studies that were passed over. */
  passed = 0;

  private constructor(enough: number, tag: string) {
    this.#enough = enough;
    this.#tag = tag;
  }

  /** For a search of which the first `enough` results are needed, where every series or instance of a study is a result. */
  static of({ query }: Search, enough: number): Counted | undefined {
    const tag = COUNTS[query.level];
    if (tag === undefined || query.study !== undefined) return undefined;
    const below = LEVEL_ORDER.slice(1);
    const isNarrowed = below.some((level) => query.keys[level].some(narrows) || query.moments[level].length > 0);
    return isNarrowed ? undefined : new Counted(enough, tag);
  }

  /** The studies that must be asked for. */
  *needed(studies: readonly Row[]): Generator<Row, void> {
    for (const study of studies) {
      const count = countOf(study.answers.study ?? {}, this.#tag);
      if (count !== undefined && this.#expected >= this.#enough) this.passed += count;
      else yield study;
      this.#expected += count ?? 0;
    }
  }
}

function countOf(answer: Dataset, tag: string): number | undefined {
  const text = textOf(answer, tag);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
