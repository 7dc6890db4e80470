// The number in the Warning of a page of results.

/** Undefined where no Warning tells of results that remain (PS3.18 8.3.4.4.1). */
export function remainingOf(headers: Headers): number | undefined {
  const [, number] = /There are (\d+) additional results/.exec(headers.get('warning') ?? '') ?? [];
  return number === undefined ? undefined : Number(number);
}
