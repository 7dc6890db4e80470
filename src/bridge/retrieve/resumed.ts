// A large instance that is followed while it comes, and that goes on where a further attempt brings what the first broke off: the
// same bytes, or the failure.

import { crc32 } from 'node:zlib';
import { DicomError } from '../../dimse/errors.ts';
import type { FollowedFile, GrowingFile } from '../cache/cache.ts';
import { wholeOf } from '../cache/growing-file.ts';

/** The instance as a further attempt brings it, open; undefined when none does. */
export type Another = () => Promise<FollowedFile | undefined>;

/** Stretches of one instance that are remembered; who reads here and there more often is not helped. */
const STRETCHES = 64;
/** Bytes that are compared at a time. */
const CHUNK = 1 << 18;
/** Of every so many bytes so many at their beginning are compared, of the first ones all: to sum up all costs what writing them costs. */
const BLOCK = 1 << 16;
const PROBE = 1 << 12;

/** As `file`, in place of which `another` is read when it fails. */
export function resumed(file: GrowingFile, another: Another): GrowingFile {
  const given = new Given();
  let current: FollowedFile = file;
  let isOpen = true;
  const goOn = async (failure: unknown): Promise<FollowedFile> => {
    const next = isOfDisk(failure) ? undefined : await another();
    if (next === undefined) throw failure;
    // Whoever has it may let it go meanwhile.
    const isSame = isAlike(file, next) && (await given.isIn(next).catch(() => false));
    if (isOpen && isSame) {
      current.release();
      return next;
    }
    next.release();
    throw failure;
  };
  const read = async (target: Buffer, position: number): Promise<number> => {
    try {
      return await current.read(target, position);
    } catch (error) {
      current = await goOn(error);
      return current.read(target, position);
    }
  };
  return {
    ...file,
    read: async (target, position) => {
      const count = await read(target, position);
      given.add(position, target.subarray(0, count));
      return count;
    },
    whole: () =>
      file.whole().catch(async (failure: unknown) => {
        const next = await another();
        if (next === undefined) throw failure;
        return next.size === undefined ? wholeOf(next) : next;
      }),
    release: () => {
      isOpen = false;
      current.release();
    },
  };
}

/** The bytes before the data set, and those of it, can only be the same in the same transfer syntax. */
function isAlike(one: FollowedFile, other: FollowedFile): boolean {
  return one.transferSyntaxUid === other.transferSyntaxUid && one.dataOffset === other.dataOffset;
}

/** What the disk or the memory could not hold is not to be had from the PACS. */
function isOfDisk(error: unknown): boolean {
  return error instanceof DicomError && error.field === 'cache.dir';
}

/** The sum after those bytes, from `position` on, that are compared. */
function sumOf(bytes: Buffer, position: number, before = 0): number {
  let sum = before;
  for (let block = position - (position % BLOCK); block < position + bytes.length; block += BLOCK) {
    const from = block - position;
    const to = from + (block === 0 ? BLOCK : PROBE);
    sum = crc32(bytes.subarray(Math.max(0, from), Math.max(0, to)), sum);
  }
  return sum;
}

/** Checksums of what was read. */
class Given {
  readonly #stretches: { from: number; to: number; sum: number }[] = [];
  #isLost = false;

  add(position: number, bytes: Buffer): void {
    const stretch = this.#stretches.find(({ to }) => to === position);
    if (stretch !== undefined) {
      stretch.sum = sumOf(bytes, position, stretch.sum);
      stretch.to += bytes.length;
    } else if (this.#stretches.length < STRETCHES) {
      this.#stretches.push({ from: position, to: position + bytes.length, sum: sumOf(bytes, position) });
    } else {
      this.#isLost = true;
    }
  }

  /** Whether the other has the same bytes there. */
  async isIn(other: FollowedFile): Promise<boolean> {
    if (this.#isLost) return false;
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (const { from, to, sum } of this.#stretches) {
      let found = 0;
      for (let at = from; at < to; ) {
        const count = await other.read(chunk.subarray(0, Math.min(CHUNK, to - at)), at);
        if (count === 0) return false;
        found = sumOf(chunk.subarray(0, count), at, found);
        at += count;
      }
      if (found !== sum) return false;
    }
    return true;
  }
}
