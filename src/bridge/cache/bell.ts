// Tells those who wait that something has changed; what it is they look for themselves.

export class Bell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    if (this.#waiting.size === 0) return;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next ring, at the signal, and after `ms`. */
  wait({ signal, ms }: { signal?: AbortSignal | undefined; ms?: number }): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(wake, ms);
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake);
      if (signal?.aborted) wake();
    });
  }
}
