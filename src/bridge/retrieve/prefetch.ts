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
/** Series whose last requests are remembered, how many of each, and milliseconds for which they are. */
const REMEMBERED = 1000;
const REQUESTS = 32;
const RECENT = 60_000;
/** Bytes in which InstanceNumber is looked for, and the tag behind it. */
const HEAD = 64 << 10;
const BEHIND = '00200014';

/** One instance that was asked for: its number, once it has come. */
type Asked = { number?: number | undefined };

/** What became of a request: the instance had to be fetched, or it needs no notice. */
export type Noted = { fetched(file: StoredFile | Promise<StoredFile>): Promise<void>; over(): void };

export class Prefetch {
  readonly #bring: BringSeries;
  readonly #stop: AbortSignal;
  /** In the order in which they were asked for, in which they need not come. */
  readonly #requests = new LRUCache<string, Asked[]>({ max: REMEMBERED, ttl: RECENT });
  readonly #running = new Set<string>();

  constructor(bring: BringSeries, stop: AbortSignal) {
    this.#bring = bring;
    this.#stop = stop;
  }

  /** An instance of the series is asked for now. */
  begin({ study, series }: Resource): Noted {
    const resource = { study, ...(series === undefined ? {} : { series }) };
    const path = pathOf(resource);
    const asked: Asked = {};
    this.#requests.set(path, [...(this.#requests.get(path) ?? []), asked].slice(-REQUESTS));
    let isFetched = false;
    return {
      fetched: async (fetched) => {
        isFetched = true;
        try {
          await this.#note(resource, asked, fetched);
        } finally {
          if (asked.number === undefined) this.#forget(path, asked);
        }
      },
      over: () => {
        if (!isFetched) this.#forget(path, asked);
      },
    };
  }

  #forget(path: string, asked: Asked): void {
    const requests = this.#requests.get(path)?.filter((one) => one !== asked);
    if (requests !== undefined) this.#requests.set(path, requests);
  }

  /** It had to be fetched alone; the file is let go of. With the third in a row the rest of its series is fetched. */
  async #note(series: Resource, asked: Asked, fetched: StoredFile | Promise<StoredFile>): Promise<void> {
    const file = await fetched;
    const path = pathOf(series);
    try {
      asked.number = await instanceNumberOf(file);
    } finally {
      file.release();
    }
    const requests = this.#requests.get(path) ?? [];
    if (!hasOrder(requests, asked) || this.#running.has(path) || this.#stop.aborted) return;
    this.#running.add(path);
    await this.#run(series).finally(() => this.#running.delete(path));
  }

  async #run(series: Resource): Promise<void> {
    const wanted = new AbortController();
    const signal = AbortSignal.any([this.#stop, wanted.signal]);
    for await (const file of this.#bring(series, { signal, onWanted: () => wanted.abort() })) file.release();
  }
}

/** Whether requests that followed each other, this one among them, went from one number to the next, up or down. */
function hasOrder(requests: readonly Asked[], asked: Asked): boolean {
  const at = requests.indexOf(asked);
  const starts = Array.from({ length: IN_ORDER }, (_, before) => at - before).filter((start) => at >= 0 && start >= 0);
  return starts.some((start) => isInOrder(requests.slice(start, start + IN_ORDER).map(({ number }) => number)));
}

function isInOrder(numbers: readonly (number | undefined)[]): boolean {
  const [first = Number.NaN, second = Number.NaN] = numbers;
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
