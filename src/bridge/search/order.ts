// The order of results: the same search gives the same list (PS3.18 8.3.4.4.1), whatever order a PACS answers in.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import type { ResourceLevel } from '../resource.ts';
import { textOf } from './find.ts';
import { LEVEL_ORDER } from './query/attributes.ts';

export type Order = (a: Dataset, b: Dataset) => number;

type Answers = Partial<Record<ResourceLevel, Dataset>>;

/** Newest study first, series and instances by number; the unique key decides between equals. */
export const ORDER: Record<ResourceLevel, Order> = {
  study: by(descending(Tag.StudyDate), descending(Tag.StudyTime), ascending(Tag.StudyInstanceUID)),
  series: by(numeric(Tag.SeriesNumber), ascending(Tag.SeriesInstanceUID)),
  instance: by(numeric(Tag.InstanceNumber), ascending(Tag.SOPInstanceUID)),
};

/** The order of rows of one level: by the answers of the levels above first. */
export function compareAnswers(level: ResourceLevel, a: Answers, b: Answers): number {
  for (const one of LEVEL_ORDER.slice(0, LEVEL_ORDER.indexOf(level) + 1)) {
    const difference = ORDER[one](a[one] ?? {}, b[one] ?? {});
    if (difference !== 0) return difference;
  }
  return 0;
}

function by(...orders: Order[]): Order {
  return (a, b) => {
    for (const order of orders) {
      const difference = order(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

function ascending(tag: string): Order {
  return (a, b) => compare(textOf(a, tag) ?? '', textOf(b, tag) ?? '');
}

function descending(tag: string): Order {
  return (a, b) => compare(textOf(b, tag) ?? '', textOf(a, tag) ?? '');
}

/** Without a number last. */
function numeric(tag: string): Order {
  const number = (dataset: Dataset) => Number(textOf(dataset, tag) ?? Number.NaN);
  return (a, b) => {
    const [left, right] = [number(a), number(b)];
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return left - right;
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
