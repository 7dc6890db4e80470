// A test reporter beside the usual one: says in one line for each reason how many tests were skipped.

import type { TestEvent } from 'node:test/reporters';

export default async function* skipped(source: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const counts = new Map<string, number>();
  for await (const event of source) {
    if (event.type !== 'test:pass' || !event.data.skip) continue;
    const reason = typeof event.data.skip === 'string' ? event.data.skip : 'no reason given';
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  for (const [reason, count] of counts) yield `${count} tests skipped: ${reason}\n`;
}
