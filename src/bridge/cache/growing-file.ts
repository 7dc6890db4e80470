// A large instance that can be read while it still arrives.

import { DicomError } from '../../dimse/errors.ts';
import type { Landing } from './landing.ts';
import { untilAborted } from './patience.ts';
import { diskReader, type FileFacts, type StoredFile } from './stored-file.ts';

type Facts = Omit<FileFacts, 'size'>;

/** Nobody knows yet how many bytes it will have. It stays until `release()`. */
export type GrowingFile = Facts & {
  size: undefined;
  /**
   * As that of a StoredFile, but waits for the byte at `position` to come; 0 only when all have come. Where the disk fails,
   * bytes before `position` can't be had again. Throws what ended the retrieve, and 'cancelled' at the signal.
   */
  read(target: Buffer, position: number): Promise<number>;
  /** The instance when it is whole: one more to be released. Throws what ended the retrieve. */
  whole(): Promise<StoredFile>;
  release(): void;
};

/** An instance that is whole, or that still arrives: then its `size` is undefined. */
export type FollowedFile = StoredFile | GrowingFile;

/** A large instance has begun to come. */
export type Growing = Facts & {
  /** Whether it can be read from its first byte on. */
  isReadable(): boolean;
  /** For one more reader; `signal` ends its waiting. */
  open(signal: AbortSignal): GrowingFile;
  /** Resolves when it is whole, or will never be. */
  ended: Promise<void>;
};

/** What a cache does for it. */
export type Growth = { landing: Landing; whole: Promise<StoredFile>; pin(): void; unpin(): void; share: Share };
type Share = (file: StoredFile) => StoredFile;

export function growing(facts: Facts, growth: Growth): Growing {
  const over = () => undefined;
  return {
    ...facts,
    isReadable: () => growth.landing.isReadable,
    open: (signal) => growingFile(facts, growth, signal),
    ended: growth.whole.then(over, over),
  };
}

function growingFile(facts: Facts, { landing, whole, pin, unpin, share }: Growth, signal: AbortSignal): GrowingFile {
  let isOpen = true;
  const follower = landing.follow();
  const disk = diskReader(facts.path);
  pin();
  return {
    ...facts,
    size: undefined,
    read: async (target, position) => {
      follower.at = position;
      for (;;) {
        if (signal.aborted) throw new DicomError('cancelled', 'retrieve: the request was cancelled');
        const written = target.subarray(0, Math.max(0, landing.written - position));
        const copied = landing.copy(target, position) ?? (await disk.read(written, position));
        if (copied > 0 || (landing.isWhole && position >= landing.size)) return copied;
        await landing.more(position, signal);
      }
    },
    whole: async () => share(await untilAborted(whole, signal)),
    release: () => {
      if (!isOpen) return;
      isOpen = false;
      follower.leave();
      disk.close();
      unpin();
    },
  };
}

/** The same files, each when it is whole. */
export async function* wholes(files: AsyncIterable<FollowedFile>): AsyncGenerator<StoredFile, void> {
  for await (const file of files) yield file.size === undefined ? await wholeOf(file) : file;
}

/** In its place the whole, when all of it has come. Throws what ended the retrieve. */
export async function wholeOf(file: GrowingFile): Promise<StoredFile> {
  try {
    return await file.whole();
  } finally {
    file.release();
  }
}
