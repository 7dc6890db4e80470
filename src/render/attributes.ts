// Values out of a data set for rendering: numbers and texts however they were encoded, and the multi-frame functional
// groups (PS3.3 C.7.6.16) in their order of precedence.

import type { Dataset, Value } from '../dimse/data/dataset.ts';
import { Tag } from '../dimse/data/tags.ts';

/** The numbers of an attribute; text that is no number is left out. */
export function numbersOf(dataset: Dataset, tag: string): number[] {
  const numbers: number[] = [];
  for (const value of dataset[tag]?.Value ?? []) {
    const number =
      typeof value === 'number' ? value : typeof value === 'string' ? Number.parseFloat(value) : Number.NaN;
    if (Number.isFinite(number)) numbers.push(number);
  }
  return numbers;
}

/** The first number of an attribute. */
export function numberOf(dataset: Dataset, tag: string): number | undefined {
  return numbersOf(dataset, tag)[0];
}

/** The first text of an attribute, trimmed; undefined when empty. */
export function textOf(dataset: Dataset, tag: string): string | undefined {
  const value = dataset[tag]?.Value?.[0];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

/** The items of a sequence. */
export function itemsOf(dataset: Dataset, tag: string): Dataset[] {
  return (dataset[tag]?.Value ?? []).filter(isItem);
}

function isItem(value: Value): value is Dataset {
  return typeof value === 'object' && value !== null && !('Alphabetic' in value);
}

const SHARED_FUNCTIONAL_GROUPS = Tag.SharedFunctionalGroupsSequence;
const PER_FRAME_FUNCTIONAL_GROUPS = Tag.PerFrameFunctionalGroupsSequence;

/**
 * The item of a functional group macro that holds for a frame: per-frame before shared before the data set itself.
 * `frame` is 1-based. A classic image has no groups and gets its own data set back.
 */
export function groupOf(dataset: Dataset, frame: number, groupTag: string): Dataset {
  const perFrame = itemsOf(dataset, PER_FRAME_FUNCTIONAL_GROUPS)[frame - 1];
  const shared = itemsOf(dataset, SHARED_FUNCTIONAL_GROUPS)[0];
  for (const groups of [perFrame, shared]) {
    const item = groups && itemsOf(groups, groupTag)[0];
    if (item) return item;
  }
  return dataset;
}
