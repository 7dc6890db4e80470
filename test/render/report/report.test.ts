// Structured reports for people (PS3.18 8.7.4; PS3.3 C.17.3): all of the content tree, readable and harmless.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/dimse/data/dataset.ts';
import { type ReportMediaType, renderReport } from '../../../src/render/report/report.ts';

const BASE = 'http://gateway/dicomweb';

const text = (vr: 'CS' | 'UT' | 'UI' | 'SH' | 'LO' | 'DT' | 'DA' | 'TM' | 'DS', ...Value: string[]) =>
  ({ vr, Value }) as const;
const sequence = (...Value: Dataset[]) => ({ vr: 'SQ', Value }) as const;
const code = (meaning: string, value = 'X') =>
  sequence({ '00080100': text('SH', value), '00080104': text('LO', meaning) });

function item(valueType: string, name: string, rest: Dataset = {}, relationship = 'CONTAINS'): Dataset {
  return {
    '0040A010': text('CS', relationship),
    '0040A040': text('CS', valueType),
    '0040A043': code(name),
    ...rest,
  };
}

function report(children: Dataset[], rest: Dataset = {}): Dataset {
  return {
    ...rest,
    '0040A040': text('CS', 'CONTAINER'),
    '0040A043': code('Chest report'),
    '0040A730': sequence(...children),
  };
}

const shown = (dataset: Dataset, mediaType: ReportMediaType = 'text/plain'): string =>
  renderReport(dataset, mediaType, BASE).toString();

const measured = (value: string, unit: string, meaning: string) =>
  sequence({
    '0040A30A': text('DS', value),
    '004008EA': sequence({ '00080100': text('SH', unit), '00080104': text('LO', meaning) }),
  });

const VALUE_TYPES: [valueType: string, rest: Dataset, expected: string][] = [
  ['TEXT', { '0040A160': text('UT', 'no nodule') }, 'Item: no nodule'],
  ['CODE', { '0040A168': code('Lung') }, 'Item: Lung'],
  ['NUM', { '0040A300': measured('12.5', 'mm', 'millimeter') }, 'Item: 12.5 mm'],
  ['NUM', { '0040A300': measured('3', '1', 'no units') }, 'Item: 3'],
  ['NUM', { '0040A300': measured('70', '{H.B.}/min', 'beats per minute') }, 'Item: 70 {H.B.}/min'],
  ['NUM', { '0040A300': { vr: 'SQ' }, '0040A301': code('Not a number') }, 'Item: (Not a number)'],
  ['DATETIME', { '0040A120': text('DT', '20240102030405.5+0100') }, 'Item: 2024-01-02 03:04:05.5 +01:00'],
  ['DATE', { '0040A121': text('DA', '20240102') }, 'Item: 2024-01-02'],
  ['TIME', { '0040A122': text('TM', '0304') }, 'Item: 03:04'],
  ['UIDREF', { '0040A124': text('UI', '1.2.3') }, 'Item: 1.2.3'],
  [
    'PNAME',
    { '0040A123': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane', Ideographic: '山田^花' }] } },
    'Item: Doe Jane / 山田 花',
  ],
  ['SCOORD', { '00700023': text('CS', 'POINT'), '00700022': { vr: 'FL', Value: [1.5, 2] } }, 'Item: point 1.5, 2'],
  ['SCOORD3D', { '00700023': text('CS', 'POINT'), '00700022': { vr: 'FL', Value: [1, 2, 3] } }, 'Item: point 1, 2, 3'],
  [
    'TABLE',
    { '0040A802': { vr: 'UL', Value: [3] }, '0040A803': { vr: 'UL', Value: [2] } },
    'Item: table of 3 rows and 2 columns',
  ],
  ['TCOORD', { '0040A130': text('CS', 'SEGMENT'), '0040A138': text('DS', '0.5', '1.5') }, 'Item: segment 0.5 s, 1.5 s'],
];

for (const [valueType, rest, expected] of VALUE_TYPES) {
  test(`${valueType} is told as «${expected}»`, () => {
    assert.ok(
      shown(report([item(valueType, 'Item', rest)]))
        .split('\r\n')
        .includes(expected),
    );
  });
}

test('containers nest, relationships are in words', () => {
  const inner = item('TEXT', 'Reason', { '0040A160': text('UT', 'cough') }, 'HAS OBS CONTEXT');
  const outer = item('CONTAINER', 'History', { '0040A730': sequence(inner) });
  assert.match(shown(report([outer])), /^\[History\]\r\n {2}\(in the context of\) Reason: cough\r$/m);
  assert.match(shown(report([outer]), 'text/html'), /<h2>History<\/h2>\s*<ul><li>.*in the context of.*Reason.*cough/s);
});

const EVIDENCE: Dataset = {
  '0040A375': sequence({
    '0020000D': text('UI', '1.1'),
    '00081115': sequence({
      '0020000E': text('UI', '1.2'),
      '00081199': sequence({ '00081150': text('UI', '1.2.840.10008.5.1.4.1.1.2'), '00081155': text('UI', '1.3') }),
    }),
  }),
};
const image = (uid: string): Dataset =>
  item('IMAGE', 'Source', {
    '00081199': sequence({
      '00081150': text('UI', '1.2.840.10008.5.1.4.1.1.2'),
      '00081155': text('UI', uid),
      '00081160': { vr: 'IS', Value: [4] },
    }),
  });

test('an image of the evidence is a link to its frame rendered', () => {
  const html = shown(report([image('1.3')], EVIDENCE), 'text/html');
  const path = '/studies/1.1/series/1.2/instances/1.3/frames/4/rendered';
  assert.ok(html.includes(`<a href="${BASE}${path}">CT Image, frame 4</a>`), html);
});

for (const [valueType, sopClass, told] of [
  ['COMPOSITE', '1.2.840.10008.5.1.4.1.1.11.1', /Grayscale Softcopy Presentation State/],
  ['WAVEFORM', '1.2.840.10008.5.1.4.1.1.9.1.1', /ECG/],
] as const) {
  test(`${valueType} of the evidence is a link to its instance, by the name of its class`, () => {
    const reference = { '00081150': text('UI', sopClass), '00081155': text('UI', '1.3') };
    const html = shown(report([item(valueType, 'Source', { '00081199': sequence(reference) })], EVIDENCE), 'text/html');
    assert.match(html, told);
    assert.ok(html.includes(`<a href="${BASE}/studies/1.1/series/1.2/instances/1.3`), html);
  });
}

test('an image that no evidence tells the place of is named without a link', () => {
  const html = shown(report([image('1.4')], EVIDENCE), 'text/html');
  assert.match(html, /CT Image, frame 4/);
  assert.doesNotMatch(html, /href/);
});

test('an item by reference names the item that it stands for', () => {
  const reference: Dataset = { '0040A010': text('CS', 'INFERRED FROM'), '0040DB73': { vr: 'UL', Value: [1, 2] } };
  const html = shown(report([item('TEXT', 'A'), item('TEXT', 'B', { '0040A730': sequence(reference) })]), 'text/html');
  assert.match(html, /inferred from<\/span> <a href="#i1.2">/);
  assert.match(html, /id="i1.2"/);
});

test('nothing of a report becomes markup, a script or a foreign address', () => {
  const evil = '"><script>alert(1)</script>\'&';
  const hostile = report(
    [
      item('TEXT', evil, { '0040A160': text('UT', evil) }),
      item('CONTAINER', evil),
      item('CODE', 'x', { '0040A168': code(evil) }, evil),
      image(evil),
    ],
    { '00100010': { vr: 'PN', Value: [{ Alphabetic: evil }] }, '00100020': text('LO', evil) },
  );
  const html = shown(hostile, 'text/html');
  assert.doesNotMatch(html, /<script/i);
  assert.equal(html.match(/&lt;script&gt;/gi)?.length, 7);
});

test('a page says that it is UTF-8, and who the patient is', () => {
  const html = shown(report([], { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane' }] } }), 'text/html');
  assert.match(html, /<meta charset="utf-8">/);
  assert.match(html, /<dt>Patient<\/dt><dd>Doe Jane<\/dd>/);
});

test('who verified a report, for whom and when', () => {
  const observer: Dataset = {
    '0040A027': text('LO', 'Clinic'),
    '0040A030': text('DT', '20240102'),
    '0040A075': { vr: 'PN', Value: [{ Alphabetic: 'Roe^R' }] },
  };
  const dataset = report([], { '0040A493': text('CS', 'VERIFIED'), '0040A073': sequence(observer) });
  assert.match(shown(dataset), /^Verification: verified\r\nVerified by: Roe R, Clinic, 2024-01-02\r$/m);
});

test('lines of a text stay lines, under their item', () => {
  const dataset = report([item('TEXT', 'Findings', { '0040A160': text('UT', 'one\r\ntwo') })]);
  assert.match(shown(dataset), /^Findings: one\r\n {2}two\r$/m);
});

test('what has no content tree is not acceptable', () => {
  assert.throws(() => shown({}), { kind: 'not-acceptable' });
});
