// Waveforms (PS3.3 C.10.9) on ECG paper: values in their units, at 25 mm a second and 10 mm a millivolt.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import type { Attribute, Dataset } from '../../../src/dimse/data/dataset.ts';
import { Codecs } from '../../../src/render/codec/wasm.ts';
import { Typeface } from '../../../src/render/text/typeface.ts';
import { waveformsOf } from '../../../src/render/waveform/channels.ts';
import { plotOf } from '../../../src/render/waveform/plot.ts';
import { renderWaveform } from '../../../src/render/waveform/render.ts';

const typeface = new Typeface();
const tools = { codecs: new Codecs(), typeface };

const ds = (value: number): Attribute => ({ vr: 'DS', Value: [value] });
const unitOf = (unit: string): Attribute => ({ vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: [unit] } }] });

function channel(label: string, unit: string, sensitivity: number, rest: Dataset = {}): Dataset {
  return {
    '003A0203': { vr: 'SH', Value: [label] },
    '003A0210': ds(sensitivity),
    '003A0211': unitOf(unit),
    ...rest,
  };
}

function recording(samples: number[], channels: Dataset[], rest: Dataset = {}): Dataset {
  return {
    '54000100': {
      vr: 'SQ',
      Value: [
        {
          '003A0005': { vr: 'US', Value: [channels.length] },
          '003A0010': { vr: 'UL', Value: [samples.length / channels.length] },
          '003A001A': ds(100),
          '003A0200': { vr: 'SQ', Value: channels },
          '54001004': { vr: 'US', Value: [16] },
          '54001006': { vr: 'CS', Value: ['SS'] },
          '54001010': { vr: 'OW', InlineBinary: new Uint8Array(Int16Array.from(samples).buffer) },
          ...rest,
        },
      ],
    },
  };
}

const valuesOf = (dataset: Dataset): number[][] =>
  waveformsOf(dataset).flatMap((group) => group.channels.map(({ values }) => [...values]));

/** The points of the line of the first channel. */
function lineOf(dataset: Dataset): number[][] {
  const { drawing } = plotOf(waveformsOf(dataset), '', typeface);
  const path = /d="([^"]*)" fill="none"/.exec(drawing)?.[1] ?? '';
  return path
    .split(/[ML]/)
    .slice(1)
    .map((point) => point.split(' ').map(Number));
}

test('samples of channels alternate; sensitivity, correction and baseline make values of them', () => {
  const second = channel('II', 'mV', 0.5, { '003A0212': ds(2), '003A0213': ds(-1) });
  assert.deepEqual(valuesOf(recording([10, 1, -20, 2], [channel('I', 'uV', 2), second])), [
    [20, -40],
    [0, 1],
  ]);
});

const INTERPRETATIONS: [name: string, bytes: number[], expected: number[]][] = [
  ['SB', [0xff, 1], [-1, 1]],
  ['UB', [0xff, 1], [255, 1]],
  ['US', [0xff, 0xff], [65535]],
  ['SL', [0xfe, 0xff, 0xff, 0xff], [-2]],
  ['MB', [0xff, 0x00, 0x80], [0, -8031, 8031]],
  ['AB', [0xd5, 0x55, 0xaa], [1, -1, 4032]],
];
for (const [name, bytes, expected] of INTERPRETATIONS) {
  test(`sample interpretation ${name}`, () => {
    const dataset = recording(expected, [channel('I', 'mV', 1)], {
      '54001006': { vr: 'CS', Value: [name] },
      '54001010': { vr: 'OB', InlineBinary: Uint8Array.from(bytes) },
    });
    assert.deepEqual(valuesOf(dataset), [expected]);
  });
}

test('padding is no value', () => {
  const padding: Attribute = { vr: 'OW', InlineBinary: new Uint8Array(Int16Array.of(-32768).buffer) };
  const dataset = recording([1, -32768, 3], [channel('I', 'mV', 1)], { '5400100A': padding });
  assert.deepEqual(valuesOf(dataset), [[1, Number.NaN, 3]]);
});

test('a millivolt is 10 mm high and a second 25 mm long, whatever the unit of the file', () => {
  for (const [unit, one] of [
    ['mV', 1],
    ['uV', 1000],
    ['V', 0.001],
  ] as const) {
    const samples = Array.from({ length: 101 }, (_, index) => (index < 100 ? 0 : 1));
    const line = lineOf(recording(samples, [channel('I', unit, one)]));
    const [first, last] = [line[0] ?? [], line.at(-1) ?? []];
    assert.equal((last[0] ?? 0) - (first[0] ?? 0), 25);
    assert.equal((first[1] ?? 0) - (last[1] ?? 0), 10);
  }
});

test('a gap in a recording is a gap in its line', () => {
  const dataset = recording([1, -9, 3], [channel('I', 'mV', 1)], { '5400100A': { vr: 'SS', Value: [-9] } });
  const { drawing } = plotOf(waveformsOf(dataset), '', typeface);
  assert.match(drawing, /d="M[^LM]*M[^LM]*" fill="none"/);
});

test('what is sampled finer than can be drawn keeps its peaks', () => {
  const samples = Array.from({ length: 20_000 }, (_, index) => (index === 7777 ? 2 : 0));
  const line = lineOf(recording(samples, [channel('A', 'mV', 1)], { '003A001A': ds(10_000) }));
  assert.ok(line.length < 2000, `${line.length} points`);
  assert.equal(Math.max(...line.map(([, y]) => y ?? 0)) - Math.min(...line.map(([, y]) => y ?? 0)), 20);
});

test('a peak right behind a gap is drawn, however fine the samples', () => {
  const samples = Array.from({ length: 4000 }, (_, index) => (index % 20 === 0 ? -9 : index % 20 === 1 ? 2 : 0));
  const padding = { '5400100A': { vr: 'SS' as const, Value: [-9] }, '003A001A': ds(2500) };
  const line = lineOf(recording(samples, [channel('A', 'mV', 1)], padding));
  assert.equal(line.filter(([, y]) => y === Math.min(...line.map(([, other]) => other ?? 0))).length, 200);
});

test('a quantity that is no potential fills its strip', () => {
  const line = lineOf(recording([80, 120], [channel('ART', 'mm[Hg]', 1)]));
  assert.equal((line[0]?.[1] ?? 0) - (line[1]?.[1] ?? 0), 19);
});

test('a recording of an hour is cut to what paper can hold', () => {
  const dataset = recording(Array(3600).fill(0), [channel('I', 'mV', 1)], { '003A001A': ds(1) });
  assert.equal(plotOf(waveformsOf(dataset), '', typeface).width, 60 * 25 + 10);
});

test('a plot names its patient only where that is asked for', async () => {
  const dataset: Dataset = {
    ...recording([0, 1], [channel('I', 'mV', 1)]),
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^John' }] },
  };
  const { '00100010': _name, ...nameless } = dataset;
  const svg = async (set: Dataset, annotation: ('patient' | 'technique')[]): Promise<string> =>
    (await renderWaveform(set, 'image/svg+xml', { annotation }, tools)).toString();
  assert.equal(await svg(dataset, ['technique']), await svg(nameless, ['technique']));
  assert.notEqual(await svg(dataset, ['patient']), await svg(nameless, ['patient']));
});

test('as a picture it has 4 pixels a millimetre, or the size of the viewport', async () => {
  const dataset = recording(Array(100).fill(0), [channel('I', 'mV', 1)]);
  const { width } = await sharp(await renderWaveform(dataset, 'image/png', {}, tools)).metadata();
  assert.equal(width, 4 * 35);
  const viewport = { width: 64, height: 64 };
  const small = await sharp(await renderWaveform(dataset, 'image/jpeg', { viewport }, tools)).metadata();
  assert.equal(Math.max(small.width ?? 0, small.height ?? 0), 64);
});

const BROKEN: [what: string, dataset: Dataset, kind: string][] = [
  ['no waveforms', {}, 'not-acceptable'],
  ['no samples', recording([], [channel('I', 'mV', 1)]), 'corrupt'],
  ['no frequency', recording([1], [channel('I', 'mV', 1)], { '003A001A': ds(0) }), 'corrupt'],
  [
    'an unknown interpretation',
    recording([1], [channel('I', 'mV', 1)], { '54001006': { vr: 'CS', Value: ['XX'] } }),
    'corrupt',
  ],
];
for (const [what, dataset, kind] of BROKEN) {
  test(`${what}: ${kind}`, () => {
    assert.throws(() => waveformsOf(dataset), { kind });
  });
}
