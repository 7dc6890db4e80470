// Dates, times and date-times of query keys: their syntax (PS3.5 6.2), and what span of time a value stands for.

/** Microseconds, both ends within; of the day for TM, since 1970 for DA and DT. */
export type Span = { from: number; to: number };

export type MomentVr = 'DA' | 'TM' | 'DT';

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DATE = /^(\d{4})[.]?(\d\d)[.]?(\d\d)$/;
const TIME = /^(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6}))?)?)?$/;
const DATE_TIME = /^(\d{4})(?:(\d\d)(?:(\d\d)(\d\d(?:\d\d(?:\d\d(?:\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?$/;

/** The span that one value stands for, or undefined where it is no value of its VR. The old `.` and `:` forms are read. */
export function spanOf(vr: MomentVr, text: string): Span | undefined {
  const value = text.trim();
  if (vr === 'DA') return dateSpan(DATE.exec(value)?.slice(1));
  if (vr === 'TM') return timeSpan(value);
  const match = DATE_TIME.exec(value);
  if (match === null) return undefined;
  const [, year, month, day, time, offset] = match;
  const date = dateSpan([year, month, day]);
  const shift = offsetOf(offset);
  if (date === undefined || shift === undefined) return undefined;
  if (time === undefined) return { from: date.from - shift, to: date.to - shift };
  const clock = timeSpan(time);
  return clock && { from: date.from + clock.from - shift, to: date.from + clock.to - shift };
}

/** The two ends of a range, either of which may be open; undefined where the text is no range (PS3.4 C.2.2.2.5). */
export function rangeOf(vr: MomentVr, text: string): { from?: string; to?: string } | undefined {
  // The hyphen of a UTC offset looks like that of the range: the right one leaves a value, or nothing, on both sides.
  for (let at = text.indexOf('-'); at >= 0; at = text.indexOf('-', at + 1)) {
    const from = text.slice(0, at).trim();
    const to = text.slice(at + 1).trim();
    if (from === '' && to === '') return undefined;
    if ((from === '' || spanOf(vr, from)) && (to === '' || spanOf(vr, to))) {
      return { ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) };
    }
  }
  return undefined;
}

function dateSpan(parts: (string | undefined)[] | undefined): Span | undefined {
  if (parts === undefined) return undefined;
  const [year, month, day] = parts.map((part) => (part === undefined ? undefined : Number(part)));
  if (year === undefined) return undefined;
  const start = utc(year, month ?? 1, day ?? 1);
  if (start === undefined) return undefined;
  const next = day !== undefined ? start + DAY : month !== undefined ? utc(year, month + 1, 1) : utc(year + 1, 1, 1);
  return next === undefined ? undefined : { from: start, to: next - 1 };
}

/** Midnight of a day in microseconds; undefined for a day that no calendar has. A 13th month is the next January. */
function utc(year: number, month: number, day: number): number | undefined {
  if (month === 13) return utc(year + 1, 1, day);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return real ? date.getTime() * 1000 : undefined;
}

function timeSpan(value: string): Span | undefined {
  const match = TIME.exec(value);
  if (match === null) return undefined;
  const [, hour = '', minute, second, fraction] = match;
  // 60 is a leap second.
  if (Number(hour) > 23 || Number(minute ?? 0) > 59 || Number(second ?? 0) > 60) return undefined;
  const micros = Number((fraction ?? '').padEnd(6, '0'));
  const from = Number(hour) * HOUR + Number(minute ?? 0) * MINUTE + Number(second ?? 0) * SECOND + micros;
  const unit = minute === undefined ? HOUR : second === undefined ? MINUTE : fractionUnit(fraction);
  return { from, to: from + unit - 1 };
}

function fractionUnit(fraction: string | undefined): number {
  return fraction === undefined ? SECOND : 10 ** (6 - fraction.length);
}

/** Microseconds of `&ZZXX`; PS3.5 6.2 (DT): -1200 to +1400. */
function offsetOf(offset: string | undefined): number | undefined {
  if (offset === undefined) return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3));
  const signed = offset.startsWith('-') ? -minutes : minutes;
  return Number(offset.slice(3)) > 59 || signed < -720 || signed > 840 ? undefined : signed * MINUTE;
}
