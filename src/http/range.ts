// One byte range of a single-part answer (RFC 9110 14; PS3.18 8.4.3).

/** First and last byte, both included. */
export type ByteRange = { start: number; end: number };

/**
 * The range that a Range header asks of `length` bytes: `undefined` to send everything (no header, another unit, several
 * ranges, or one that can't be read), `unsatisfiable` when it begins beyond the end.
 */
export function parseRange(header: string | undefined, length: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const suffix = Number(last);
    return suffix === 0 ? 'unsatisfiable' : { start: Math.max(0, length - suffix), end: length - 1 };
  }
  const start = Number(first);
  const end = last === '' ? length - 1 : Math.min(Number(last), length - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= length ? 'unsatisfiable' : { start, end };
}
