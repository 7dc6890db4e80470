// QIDO-RS as the web sees it (PS3.18 10.6, 8.3): query strings, warnings, forms of the answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DicomError } from '../../src/dimse/errors.ts';
import { partsOf } from '../support/multipart.ts';
import { buildWeb } from './web.ts';

const FOUND = [
  { '0020000D': { vr: 'UI' as const, Value: ['1.2.3'] } },
  { '0020000D': { vr: 'UI' as const, Value: ['1.2.4'] } },
];

const RESOURCES = [
  ['Q-R1', '/studies', { level: 'study' }],
  ['Q-R2', '/studies/1.2/series', { level: 'series', study: '1.2' }],
  ['Q-R3', '/studies/1.2/instances', { level: 'instance', study: '1.2' }],
  ['Q-R5', '/studies/1.2/series/1.3/instances', { level: 'instance', study: '1.2', series: '1.3' }],
  ['Q-R4', '/series', { level: 'series' }],
  ['Q-R6', '/instances', { level: 'instance' }],
] as const;

for (const [rule, path, expected] of RESOURCES) {
  test(`${rule} ${path}`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    for (const url of [`/dicomweb${path}?PatientID=1`, `/dicomweb${path}/?PatientID=1`]) {
      const answer = await app.inject({ url });
      assert.equal(answer.statusCode, 200, url);
    }
    assert.deepEqual(gateway.searches[0], { ...expected, parameters: [['PatientID', '1']] });
    assert.deepEqual(gateway.searches[1], gateway.searches[0], 'a trailing slash is tolerated');
  });
}

const QUERIES: readonly (readonly [name: string, query: string, expected: [string, string][]])[] = [
  ['T-4 COM-8 a plus is a plus', 'StudyTime=10+0100', [['StudyTime', '10+0100']]],
  ['an escaped plus too', 'TimezoneOffsetFromUTC=%2B0100', [['TimezoneOffsetFromUTC', '+0100']]],
  ['a space', 'PatientName=DOE%20JOHN', [['PatientName', 'DOE JOHN']]],
  ['UTF-8', 'PatientName=M%C3%BCller%5E%E5%B1%B1', [['PatientName', 'Müller^山']]],
  ['UTF-8 that is not escaped', `PatientName=${encodeURI('Ä')}`, [['PatientName', 'Ä']]],
  ['escaped separators within a value', 'PatientID=a%26b%3Dc%2Cd', [['PatientID', 'a&b=c,d']]],
  ['an equals sign within a value', 'PatientID=a=b', [['PatientID', 'a=b']]],
  [
    'repeated keys, in order',
    'includefield=a&x=1&includefield=b',
    [
      ['includefield', 'a'],
      ['x', '1'],
      ['includefield', 'b'],
    ],
  ],
  ['Q-P4 an empty value', 'StudyDate=', [['StudyDate', '']]],
  ['a name alone', 'StudyDate', [['StudyDate', '']]],
  ['COM-3 nothing behind the question mark', '', []],
  ['COM-4 names are case-sensitive', 'patientid=1', [['patientid', '1']]],
  [
    'Q-P13 accept and charset are not for the PACS',
    'accept=application/json&charset=utf-8&PatientID=1',
    [['PatientID', '1']],
  ],
  [
    'a name that an object already has',
    '__proto__=1&constructor=2',
    [
      ['__proto__', '1'],
      ['constructor', '2'],
    ],
  ],
];

for (const [name, query, expected] of QUERIES) {
  test(`query strings: ${name}`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    assert.equal((await app.inject({ url: `/dicomweb/studies?${query}` })).statusCode, 200);
    assert.deepEqual(gateway.searches[0]?.parameters, expected);
  });
}

for (const [name, query] of [
  ['a broken escape in a value', 'PatientID=%zz'],
  ['half an escape', 'PatientID=%4'],
  ['a broken escape in a name', '%zz=1'],
  ['bytes that are no UTF-8', 'PatientName=%FF%FE'],
  ['NUL', 'PatientName=%00'],
  ['more than a thousand parameters', 'a&'.repeat(1001)],
  ['accept given twice', 'accept=application/json&accept=application/json'],
] as const) {
  test(`query strings: ${name} is 400`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    const answer = await app.inject({ url: `/dicomweb/studies?${query}` });
    assert.equal(answer.statusCode, 400);
    assert.equal(gateway.searches.length, 0);
  });
}

test('HDR-7 warnings have the form of the standard, with the base URL as service', async (t) => {
  const { app, gateway } = await buildWeb(t);
  gateway.warnings = ['There are 3 additional results that can be requested', 'Other.'];
  const answer = await app.inject({ url: '/dicomweb/studies', headers: { host: 'gw:8' } });
  assert.equal(
    answer.headers.warning,
    '299 http://gw:8/dicomweb: There are 3 additional results that can be requested, 299 http://gw:8/dicomweb: Other.',
  );
});

test('J-1 ED-8 T-37 results are one array; none is an empty array, or 204 where configured', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const empty = await app.inject({ url: '/dicomweb/studies' });
  assert.equal(empty.statusCode, 200);
  assert.equal(empty.payload, '[]');
  gateway.found = FOUND;
  const answer = await app.inject({ url: '/dicomweb/studies' });
  assert.deepEqual(answer.json(), FOUND);
  assert.equal(answer.headers['content-type'], 'application/dicom+json');
  const other = await buildWeb(t, { emptySearch: 204 });
  const nothing = await other.app.inject({ url: '/dicomweb/studies' });
  assert.equal(nothing.statusCode, 204);
  assert.equal(nothing.payload, '');
});

test('X-2 results as XML are a part each; none is 204', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const headers = { accept: 'multipart/related; type="application/dicom+xml"' };
  assert.equal((await app.inject({ url: '/dicomweb/studies', headers })).statusCode, 204);
  gateway.found = FOUND;
  const answer = await app.inject({ url: '/dicomweb/studies', headers });
  const parts = partsOf(String(answer.headers['content-type']), answer.rawPayload);
  assert.equal(parts.length, 2);
  assert.ok(
    parts.every(({ body }) => body.includes('xml:space="preserve"')),
    'T-20',
  );
});

const CHARSETS: readonly (readonly [rule: string, query: string, header: string | undefined])[] = [
  ['CHR-1 CHR-6 a defined term', 'charset=ISO%202022%20IR%2087', undefined],
  ['CHR-2 UTF-8', 'charset=utf-8', undefined],
  ['CHR-3 a parameter and a header', 'charset=ISO-8859-1', 'ISO-8859-5'],
  ['CHR-4 one that nobody knows', 'charset=nonsense', 'x-nonsense'],
  ['CHR-5 one that lacks the characters', 'charset=US-ASCII', undefined],
];

for (const [rule, query, header] of CHARSETS) {
  test(`${rule}: JSON is UTF-8 all the same (F.2)`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    gateway.found = [{ '00100010': { vr: 'PN', Value: [{ Alphabetic: '山田^太郎' }] } }];
    const headers = header === undefined ? {} : { 'accept-charset': header };
    const answer = await app.inject({ url: `/dicomweb/studies?${query}`, headers });
    assert.equal(answer.statusCode, 200);
    assert.ok(answer.rawPayload.includes(Buffer.from('山田^太郎', 'utf8')));
    assert.deepEqual(gateway.searches[0]?.parameters, []);
  });
}

test('Q-P17 a cache on the way must ask again; no-cache in a request is accepted', async (t) => {
  const { app } = await buildWeb(t);
  const answer = await app.inject({ url: '/dicomweb/studies', headers: { 'cache-control': 'no-cache' } });
  assert.equal(answer.statusCode, 200);
  assert.match(String(answer.headers['cache-control']), /no-cache/);
});

const STATUSES: readonly (readonly [status: number, error: DicomError])[] = [
  [400, new DicomError('malformed', 'query parameter limit')],
  [413, new DicomError('too-large', 'narrow it')],
  [403, new DicomError('status', 'C-FIND: 0124', { operation: 'C-FIND', status: 0x0124 })],
  [503, new DicomError('status', 'C-FIND: A700', { operation: 'C-FIND', status: 0xa700 })],
];

for (const [status, error] of STATUSES) {
  test(`Q-P16 ${error.message} is ${status}`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    gateway.failure = error;
    assert.equal((await app.inject({ url: '/dicomweb/studies' })).statusCode, status);
  });
}

test('Q-R8 who searches here finds the capabilities of the search resources', async (t) => {
  const { app } = await buildWeb(t);
  const { application } = (
    await app.inject({ method: 'OPTIONS', url: '/dicomweb', headers: { accept: 'application/json' } })
  ).json();
  const paths = application.resources.resource.map((one: { '@path': string }) => one['@path']);
  assert.ok(
    ['studies', 'series', 'instances'].every((path) => paths.includes(path)),
    paths.join(),
  );
});

test('a failed search is never an empty list', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const failure = new DicomError('status', 'C-FIND to PACS: status A700', { operation: 'C-FIND', status: 0xa700 });
  gateway.search = async () => ({
    warnings: [],
    results: { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) },
  });
  const answer = await app.inject({ url: '/dicomweb/studies' });
  assert.equal(answer.statusCode, 503);
  assert.ok(answer.headers['retry-after']);
  assert.match(answer.json().detail, /A700/);
});
