// What a cache is opened, and written to, with.

import type { Growing } from './growing-file.ts';

export type CacheOptions = {
  dir: string;
  /** False: what is written is there for its readers alone, and what was kept before is cleared away. */
  enabled?: boolean;
  /** Bytes the files and their documents may take; exceeded only by what is being read. 0 keeps nothing longer than that. */
  maxBytes: number;
  /** Milliseconds after which an instance is no longer served from here. */
  maxAge: number;
  /** Bytes of memory for instances that are being written or read. */
  memoryBytes?: number;
  log?: (line: string) => void;
};

/** `signal` ends the wait for memory. */
export type WriteOptions = {
  generation?: number;
  signal?: AbortSignal;
  /** Told of a large instance as soon as it can be followed. */
  onGrowing?: (growing: Growing) => void;
};

/** Memory for what is on its way: enough that a reader who keeps up never reads from disk. */
export const MEMORY = 48 << 20;

/** Milliseconds between two looks for what is too old. */
export const EXPIRY_MS = 60_000;
