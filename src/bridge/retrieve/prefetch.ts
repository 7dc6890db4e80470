// Prefetch: the rest of a series whose instances a viewer reads in order, fetched one by one so far. It gives way to whoever waits
// for an association of the PACS.

import { LRUCache } from 'lru-cache';
import { readElements } from '../../dimse/data/reader.ts';
import { Tag } from '../../dimse/data/tags.ts';
import type { StoredFile } from '../cache/cache.ts';
import { openDataset } from '../metadata/file-elements.ts';
import { pathOf, type Resource } from '../resource.ts';

/** Brings a whole series into the cache, asking for associations behind everybody else; `onWanted` is told when one is needed. */
export type BringSeries = (
  series: Resource,
  options: { signal: AbortSignal; onWanted: () => void },
) => AsyncIterable<Pick<StoredFile, 'release'>>;

/** Consecutive numbers that make an order. */
const IN_ORDER = 3;
/** Series whose last numbers are remembered, and milliseconds for which they are. */
const REMEMBERED = 1000;
const RECENT = 60_000;
/** Bytes in which InstanceNumber is looked for, and the tag behind it. */
const HEAD = 64 << 10;
const BEHIND = '00200014';

export class Prefetch {
  readonly #bring: BringSeries;
  readonly #stop: AbortSignal;
  readonly #numbers = new LRUCache<string, number[]>({ max: REMEMBERED, ttl: RECENT });
  readonly #running = new Set<string>();

  constructor(bring: BringSeries, stop: AbortSignal) {
    this.#bring = bring;
    this.#stop = stop;
  }

  /** An instance had to be fetched alone; the file is let go of. With the third in a row the rest of its series is fetched. */
  async note(fetched: StoredFile | Promise<StoredFile>): Promise<void> {
    const file = await fetched;
    const series = { study: file.studyInstanceUid, series: file.seriesInstanceUid };
    const path = pathOf(series);
    try {
      const number = await instanceNumberOf(file);
      const last = number === undefined ? [] : [...(this.#numbers.get(path) ?? []), number].slice(-IN_ORDER);
      this.#numbers.set(path, last);
      if (!isInOrder(last) || this.#running.has(path) || this.#stop.aborted) return;
    } finally {
      file.release();
    }
    this.#running.add(path);
    await this.#run(series).finally(() => this.#running.delete(path));
  }

  async #run(series: Resource): Promise<void> {
    const wanted = new AbortController();
    const signal = AbortSignal.any([this.#stop, wanted.signal]);
    for await (const file of this.#bring(series, { signal, onWanted: () => wanted.abort() })) file.release();
  }
}

/** One number after the other, up or down. */
function isInOrder(numbers: readonly number[]): boolean {
  const [first = 0, second = 0] = numbers;
  const step = second - first;
  return (
    numbers.length === IN_ORDER && Math.abs(step) === 1 && numbers.every((number, at) => number === first + at * step)
  );
}

/** Undefined where it has none, or none in the head of the data set. */
async function instanceNumberOf(file: StoredFile): Promise<number | undefined> {
  const bytes = await openDataset(file);
  const head = await bytes.read(0, Math.min(HEAD, bytes.length));
  const { dataset } = readElements(head, bytes.transferSyntaxUid, { until: BEHIND });
  const value = dataset[Tag.InstanceNumber]?.Value?.[0];
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isInteger(number) ? number : undefined;
}
