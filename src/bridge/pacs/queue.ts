// Who waits for an association: first come first served, interactive before prefetch.

export type Waiting = { priority: 'interactive' | 'prefetch' };

export class Queue<One extends Waiting> {
  readonly #waiting: One[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** How many of them are no prefetches. */
  get interactive(): number {
    return this.#waiting.filter(({ priority }) => priority === 'interactive').length;
  }

  /** In turn, as they wait now. */
  all(): One[] {
    return [...this.#waiting];
  }

  add(one: One): void {
    const firstPrefetch = this.#waiting.findIndex(({ priority }) => priority === 'prefetch');
    const at = one.priority === 'prefetch' || firstPrefetch < 0 ? this.#waiting.length : firstPrefetch;
    this.#waiting.splice(at, 0, one);
  }

  /** Back to the head of its like. */
  putBack(one: One): void {
    const at = this.#waiting.findIndex(({ priority }) => priority === one.priority);
    if (at < 0) this.add(one);
    else this.#waiting.splice(at, 0, one);
  }

  /** Whether it has waited until now. */
  remove(one: One): boolean {
    const at = this.#waiting.indexOf(one);
    if (at >= 0) this.#waiting.splice(at, 1);
    return at >= 0;
  }

  /** A prefetch that somebody waits for goes behind who is interactive already. */
  raise(one: One): void {
    one.priority = 'interactive';
    if (this.remove(one)) this.add(one);
  }

  /** Who has to wait longest leaves. */
  removeLast(): One | undefined {
    return this.#waiting.pop();
  }

  removeAll(): One[] {
    return this.#waiting.splice(0);
  }
}
