// Things made in order, some of them before they are asked for: the threads are busy while the consumer writes.

/**
 * Makes `total` things, numbered from 1, and gives them in order; up to `ahead` are being made beside the one waited for. The
 * first is made alone, since it alone shows whether there is any use in the others.
 */
export async function* madeAhead<T>(
  total: number,
  ahead: number,
  make: (n: number) => Promise<T>,
): AsyncGenerator<T, void> {
  const made: Promise<T>[] = [];
  let next = 1;
  for (let n = 1; n <= total; n += 1) {
    const wanted = n === 1 ? 1 : ahead + 1;
    for (; next <= total && made.length < wanted; next += 1) {
      const one = make(next);
      one.catch(() => {}); // Seen when its turn comes; a consumer that leaves before that never does.
      made.push(one);
    }
    const one = made.shift();
    if (one) yield await one;
  }
}
