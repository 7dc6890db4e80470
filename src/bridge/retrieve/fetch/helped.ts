// A C-GET is helped by others where it waits for each instance longer than it takes to come: C-STOREs follow one another, so that on a
// long line one association carries one instance per round trip. The first C-GET asks for all; the helpers bring parts of the
// list, from its other end, and the first is cancelled once they have taken the rest.

import type { IdentifiedInstance } from '../../cache/identify.ts';
import type { Pacs } from '../../pacs/pacs.ts';
import type { Resource } from '../../resource.ts';
import { type Listed, listInstances } from '../expectation.ts';
import type { Outcome, Transfer, TransferRequest } from '../transfer.ts';

export type HelpOptions = {
  resource: Resource;
  /** What has come, by SOP Instance UID. */
  arrived: ReadonlyMap<string, unknown>;
  /** Instances of the resource, of which the request may be for a part. */
  total: number;
  /** Milliseconds of waiting for each instance, several times over, from which on help is called. */
  patience: number;
};

/** Instances that must have been waited for one after the other, and that must still be missing for help to be worth its query. */
const SAMPLE = 8;
const WORTH = 32;
/** Instances in one part: few enough that nobody waits long for the association. */
const PART = { most: 40, fewest: 4 };

type Request = TransferRequest & { count: number };

/** As the transfer of `request` alone; what helpers could not bring is missing and no error. */
export async function transferHelped(
  pacs: Pacs,
  transfer: Transfer,
  request: Request,
  { resource, arrived, total, patience }: HelpOptions,
): Promise<Outcome> {
  const { signal } = request;
  const taken = new AbortController();
  const over = new AbortController();
  const pace = createPace(patience);
  let helped: Promise<void> | undefined;
  const receive = async (instance: IdentifiedInstance, way: Outcome['way']) => {
    pace.begin();
    await request.receive(instance, way);
    pace.end();
    if (helped !== undefined || way !== 'get' || !pace.isSlow() || total - arrived.size < WORTH) return;
    const helping = { ...request, signal: AbortSignal.any([signal, over.signal]) };
    // Help that can't be had leaves all to the first.
    helped = help(pacs, transfer, helping, { resource, arrived, total }, () => taken.abort()).catch(() => {});
  };
  try {
    const outcome = await transfer(pacs, { ...request, receive, signal: AbortSignal.any([signal, taken.signal]) });
    if (arrived.size >= total) over.abort();
    return outcome;
  } catch (error) {
    if (!signal.aborted && taken.signal.aborted) return { status: 0, way: 'get', keepsSyntax: false, passedOver: [] };
    over.abort();
    throw error;
  } finally {
    await helped;
  }
}

/** Brings parts of the list until all has been taken, which is told; a list that is shorter than the count is no help. */
async function help(
  pacs: Pacs,
  transfer: Transfer,
  request: Request,
  { resource, arrived, total }: Omit<HelpOptions, 'patience'>,
  onTaken: () => void,
): Promise<void> {
  const { retrieveAssociations, maxAssociations } = pacs.config;
  const helpers = Math.min(retrieveAssociations, maxAssociations) - 1;
  if (helpers < 1) return;
  const listed = await listInstances(pacs, resource, request.signal);
  if (listed.length < total) return;
  const left = farEnd(listed, arrived);
  const bringParts = async () => {
    for (;;) {
      const part = takePart(left, arrived, helpers);
      const [one] = part;
      if (one === undefined) break;
      const instances = part.map(({ instance }) => instance);
      const target = { study: resource.study, series: one.series, instances };
      await transfer(pacs, { ...request, target, count: part.length, isGuess: true, priority: 'prefetch' });
    }
    onTaken();
  };
  await Promise.allSettled(Array.from({ length: helpers }, bringParts));
}

/** What has not come, what the first C-GET is likely to send last in front: it began at one end of the list, most likely. */
function farEnd(listed: readonly Listed[], arrived: ReadonlyMap<string, unknown>): Listed[] {
  const places = listed.flatMap(({ instance }, at) => (arrived.has(instance) ? [at] : []));
  const mean = places.reduce((sum, at) => sum + at, 0) / places.length;
  const missing = listed.filter(({ instance }) => !arrived.has(instance));
  return mean < listed.length / 2 ? missing.reverse() : missing;
}

/** Instances of one series that have not come meanwhile; they are no longer left. */
function takePart(left: Listed[], arrived: ReadonlyMap<string, unknown>, helpers: number): Listed[] {
  const size = Math.min(PART.most, Math.max(PART.fewest, Math.ceil(left.length / (2 * (helpers + 1)))));
  const part: Listed[] = [];
  while (part.length < size) {
    const [next] = left;
    if (next === undefined || (part[0] !== undefined && part[0].series !== next.series)) break;
    left.shift();
    if (!arrived.has(next.instance)) part.push(next);
  }
  return part;
}

/**
 * Whether each of the last instances was waited for longer than `patience`, and than it took to come. A PACS that is busy makes
 * some wait as long, only distance makes every one.
 */
function createPace(patience: number) {
  let since: number | undefined;
  let slow = 0;
  let waited = 0;
  let received = 0;
  return {
    begin(): void {
      const now = performance.now();
      // The first waits for the association too.
      const wait = since === undefined ? 0 : now - since;
      since = now;
      slow = wait >= patience ? slow + 1 : 0;
      waited = slow === 0 ? 0 : waited + wait;
      if (slow === 0) received = 0;
    },
    end(): void {
      const now = performance.now();
      received += now - (since ?? now);
      since = now;
    },
    isSlow: (): boolean => slow >= SAMPLE && waited > received,
  };
}
