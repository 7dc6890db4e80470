// Waveforms drawn on ECG paper: 25 mm a second; potentials 10 mm a millivolt, other quantities as high as their strip.
// A strip for each channel, one below the other; the SVG measures in millimetres.

import type { Typeface } from '../text/typeface.ts';
import type { Channel, MultiplexGroup } from './channels.ts';

const MM_PER_SECOND = 25;
const MM_PER_MILLIVOLT = 10;
/** Longer recordings are cut, and the paper says so. */
const MAX_SECONDS = 60;
const STRIP = 25;
const MARGIN = 5;
const HEADER = 10;
const FOOTER = 8;
/** Below this a step is finer than any pen: only the lowest and highest value within it are drawn. */
const FINEST = 0.1;
const TEXT = 3;

/** Millivolts of a unit of electric potential; other units have none. */
const MILLIVOLTS: Readonly<Record<string, number>> = { V: 1000, mV: 1, uV: 0.001, µV: 0.001, nV: 0.000001 };

/** What is drawn, as SVG elements, and the size of the paper; all in millimetres. */
export type Plot = { drawing: string; width: number; height: number };

/** A plot as an SVG document of its true size, or at so many pixels a millimetre. */
export function svgOf({ drawing, width, height }: Plot, pixels?: number): string {
  const [wide, high] = [width, height].map((side) => (pixels === undefined ? `${side}mm` : Math.round(side * pixels)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="0 0 ${width} ${height}">
${drawing}
</svg>
`;
}

/** Draws all channels of all groups; `title` stands at the top. */
export function plotOf(groups: readonly MultiplexGroup[], title: string, typeface: Typeface): Plot {
  const longest = Math.max(...groups.map(secondsOf));
  const seconds = Math.min(MAX_SECONDS, longest);
  const strips = groups.flatMap((group) => group.channels.map((channel) => ({ channel, frequency: group.frequency })));
  const width = Math.ceil((2 * MARGIN + seconds * MM_PER_SECOND) / 5) * 5;
  const height = HEADER + strips.length * STRIP + FOOTER;
  const write = (text: string, x: number, y: number): string => typeface.draw(text, { x, y, size: TEXT, fill: '#000' });
  const drawn = strips.flatMap(({ channel, frequency }, index) => {
    const top = HEADER + index * STRIP;
    const { path, scale } = trace(channel, frequency, seconds, top + STRIP / 2);
    return [
      write([channel.label, channel.filters, scale].filter(Boolean).join('  '), MARGIN, top + TEXT),
      `<path d="${path}" fill="none" stroke="#000" stroke-width=".25" stroke-linejoin="round"/>`,
    ];
  });
  const cut = longest > seconds ? `, first ${seconds} s of ${Math.round(longest)} s` : '';
  const drawing = `<rect width="100%" height="100%" fill="#fff"/>
${grid(width, height)}
${write(title, MARGIN, 6)}
${drawn.join('\n')}
${write(`${MM_PER_SECOND} mm/s  ${MM_PER_MILLIVOLT} mm/mV${cut}`, MARGIN, height - 3)}`;
  return { drawing, width, height };
}

function secondsOf({ channels, frequency }: MultiplexGroup): number {
  return (channels[0]?.values.length ?? 0) / frequency;
}

/** Lines every millimetre, heavier every five. */
function grid(width: number, height: number): string {
  const lines = (step: number): string => {
    let path = '';
    for (let x = 0; x <= width; x += step) path += `M${x} 0V${height}`;
    for (let y = 0; y <= height; y += step) path += `M0 ${y}H${width}`;
    return path;
  };
  return `<path d="${lines(1)}" stroke="#fbd5d5" stroke-width=".1"/><path d="${lines(5)}" stroke="#f0a0a0" stroke-width=".2"/>`;
}

/** The line of a channel around `middle`, and how high a unit is where it isn't the paper's. */
function trace(channel: Channel, frequency: number, seconds: number, middle: number): { path: string; scale: string } {
  const { values, unit } = channel;
  const shown = values.subarray(0, Math.ceil(seconds * frequency));
  const millivolts = MILLIVOLTS[unit];
  const { zero, height } =
    millivolts === undefined ? fitted(shown) : { zero: 0, height: MM_PER_MILLIVOLT * millivolts };
  const step = MM_PER_SECOND / frequency;
  const group = Math.max(1, Math.floor((2 * FINEST) / step));
  let path = '';
  let lifted = true;
  const draw = (index: number): void => {
    const value = shown[index] ?? Number.NaN;
    if (Number.isNaN(value)) {
      lifted = true;
      return;
    }
    path += `${lifted ? 'M' : 'L'}${round(MARGIN + index * step)} ${round(middle - (value - zero) * height)}`;
    lifted = false;
  };
  for (let index = 0; index < shown.length; index += group) {
    if (group < 3) for (let one = index; one < Math.min(index + group, shown.length); one += 1) draw(one);
    else for (const one of extremes(shown, index, Math.min(index + group, shown.length))) draw(one);
  }
  const scale = millivolts === undefined && height > 0 ? `${round(1 / height)} ${unit}/mm`.trim() : '';
  return { path, scale };
}

/** Where the lowest and the highest value lie, in order of time; a gap among others is no value. */
function extremes(values: Float64Array, from: number, to: number): number[] {
  let [low, high] = [from, from];
  for (let index = from + 1; index < to; index += 1) {
    const value = values[index] ?? 0;
    if (value < (values[low] ?? 0) || Number.isNaN(values[low])) low = index;
    if (value > (values[high] ?? 0) || Number.isNaN(values[high])) high = index;
  }
  return low === high ? [low] : [Math.min(low, high), Math.max(low, high)];
}

/** What isn't a potential fills its strip, less a margin. */
function fitted(values: Float64Array): { zero: number; height: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) return { zero: Number.isFinite(low) ? low : 0, height: 0 };
  return { zero: (low + high) / 2, height: (STRIP - 2 * TEXT) / (high - low) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
