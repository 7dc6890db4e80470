// A table of bad requests: what is asked, and the status that it deserves. 400 and up, never 500.

import { multipartOf } from '../support/multipart.ts';
import { FIXTURES, STUDY } from './fixtures.ts';
import { PATHS, pathOf } from './web.ts';

export type BadRequest = {
  name: string;
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  url: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  status: number;
  /** What the problem must name. */
  names?: string;
};

const INSTANCE = pathOf(FIXTURES.explicit);
const OCTETS = 'multipart/related; type="application/octet-stream"';

const BAD_UIDS = [
  'x',
  '1.2.x',
  '1..2',
  '1.',
  '.1',
  '1.2 3',
  '-1',
  '1,2',
  '1'.repeat(129),
  '1.2\u0000',
  'é',
  '*',
  '1.2%',
];
const UID_PLACES = ['study', 'series', 'instance'] as const;
const TEMPLATES = [
  '/studies/{study}',
  '/studies/{study}/metadata',
  '/studies/{study}/series',
  '/studies/{study}/instances',
  '/studies/{study}/rendered',
  '/studies/{study}/thumbnail',
  '/studies/{study}/series/{series}',
  '/studies/{study}/series/{series}/metadata',
  '/studies/{study}/series/{series}/instances',
  '/studies/{study}/series/{series}/instances/{instance}',
  '/studies/{study}/series/{series}/instances/{instance}/metadata',
  '/studies/{study}/series/{series}/instances/{instance}/frames/1',
  '/studies/{study}/series/{series}/instances/{instance}/rendered',
  '/studies/{study}/series/{series}/instances/{instance}/bulkdata/7FE00010',
];

function badUids(): BadRequest[] {
  return TEMPLATES.flatMap((template, at) =>
    UID_PLACES.filter((place) => template.includes(`{${place}}`)).flatMap((place) => {
      // All of them at one resource, a few at every other.
      const some = at === 9 ? BAD_UIDS : BAD_UIDS.slice(at % 5, (at % 5) + 3);
      return some.map((uid): BadRequest => {
        const path = template.replace(/\{(\w+)\}/g, (_, name) => (name === place ? encodeURIComponent(uid) : '1.2.3'));
        const shown = uid.length > 20 ? `${uid.length} digits` : JSON.stringify(uid);
        return { name: `${place} ${shown} in ${template}`, url: `/dicomweb${path}`, status: 400, names: place };
      });
    }),
  );
}

const UNKNOWN = [
  '/',
  '/dicom',
  '/dicomweb/study',
  '/dicomweb/Studies',
  '/dicomweb/patients',
  '/dicomweb/studies/1.2/rendered3d',
  '/dicomweb/studies/1.2/serie',
  '/dicomweb/studies/1.2/series/1.3/frames/1',
  '/dicomweb/workitems',
  `${INSTANCE}/frames`,
  `${INSTANCE}/frame/1`,
  `${INSTANCE}/frames/1/metadata`,
  `${INSTANCE}/frames/1/bulkdata`,
  `${INSTANCE}/renderedmpr`,
  '/dicomweb//studies',
  '/dicomweb/../etc/passwd',
  '/wado/',
  '/Wado',
  '/dicomweb/wado',
];

function unknown(): BadRequest[] {
  return UNKNOWN.filter((url) => url !== '/wado/').map((url) => ({
    name: `unknown resource ${url}`,
    url,
    status: 404,
  }));
}

function methods(): BadRequest[] {
  const resources = [
    '/dicomweb/series',
    '/dicomweb/instances',
    PATHS.native,
    INSTANCE,
    `${INSTANCE}/metadata`,
    `${INSTANCE}/frames/1`,
    `${INSTANCE}/rendered`,
    `${INSTANCE}/thumbnail`,
    `${INSTANCE}/bulkdata/7FE00010`,
    '/wado',
    '/healthz',
    '/readyz',
  ];
  return [
    ...resources.map((url): BadRequest => ({ name: `POST ${url}`, method: 'POST', url, status: 405, names: 'GET' })),
    ...(['PUT', 'PATCH', 'DELETE'] as const).flatMap((method) =>
      ['/dicomweb/studies', PATHS.study].map(
        (url): BadRequest => ({ name: `${method} ${url}`, method, url, status: 405 }),
      ),
    ),
  ];
}

/** Accept headers per resource. */
const ACCEPTS: readonly (readonly [url: string, accept: string, status: number])[] = [
  ...[
    'text/plain',
    'application/xml',
    'image/jpeg',
    'application/dicom',
    'application/dicom+xml',
    'multipart/related; type="application/dicom+json"',
    '*/*;q=0',
    'nonsense',
    'application/*+json',
    OCTETS,
  ].flatMap(
    (accept) =>
      [
        ['/dicomweb/studies', accept, 406],
        [`${INSTANCE}/metadata`, accept, 406],
      ] as const,
  ),
  ...[
    'text/css',
    'application/dicom+json',
    'image/png',
    'application/dicom;q=0',
    'multipart/related; type="text/html"',
    'multipart/mixed',
    'multipart/related; type="application/dicom"; transfer-syntax=1.2.3',
  ].map((accept) => [INSTANCE, accept, 406] as const),
  [INSTANCE, 'application/dicom, image/png', 400],
  [INSTANCE, 'multipart/related; type="application/dicom", image/jpeg;q=0.1', 400],
  [PATHS.study, 'application/dicom', 406],
  [PATHS.native, 'application/dicom; transfer-syntax=*', 406],
  [PATHS.native, 'application/octet-stream', 406],
  ...['image/tiff', 'text/plain', 'video/mp4', 'image/jpeg;q=0', OCTETS, 'application/dicom+json'].map(
    (accept) => [`${INSTANCE}/rendered`, accept, 406] as const,
  ),
  [`${INSTANCE}/rendered`, 'application/dicom, image/jpeg', 400],
  [`${INSTANCE}/thumbnail`, 'multipart/related; type="image/jpeg"', 406],
  [`${INSTANCE}/thumbnail`, 'application/pdf', 406],
  [`${PATHS.native}/rendered`, 'image/jpeg', 406],
  [`${INSTANCE}/frames/1`, 'image/png', 406],
  [`${INSTANCE}/frames/1`, 'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.90', 406],
  [`${INSTANCE}/frames/1`, 'application/dicom', 406],
  [`${INSTANCE}/bulkdata/7FE00010`, 'application/pdf', 406],
  [`${INSTANCE}/bulkdata/7FE00010`, 'image/jls', 406],
];

function accepts(): BadRequest[] {
  return ACCEPTS.map(([url, accept, status]) => ({
    name: `Accept: ${accept} at ${url.replace(INSTANCE, '…')}`,
    url,
    headers: { accept },
    status,
  }));
}

const QUERIES: readonly (readonly [query: string, names: string])[] = [
  ['x=%', 'query'],
  ['x=%1', 'query'],
  ['x=%G1', 'query'],
  ['%=1', 'query'],
  ['x=%C3', 'query'],
  ['x=%C3%28', 'query'],
  ['x=%F5%80%80%80', 'query'],
  ['x=%ED%A0%80', 'query'],
  ['x=%00', 'query'],
  ['a%00b=1', 'query'],
  ['accept=a/b&accept=a/b', 'accept'],
];

function queries(): BadRequest[] {
  const everywhere = ['/dicomweb/studies', INSTANCE, `${INSTANCE}/rendered`];
  return everywhere.flatMap((url) =>
    QUERIES.map(([query, names]) => ({
      name: `?${query} at ${url.replace(INSTANCE, '…')}`,
      url: `${url}?${query}`,
      status: 400,
      names,
    })),
  );
}

const RELATED = 'multipart/related; type="application/dicom"; boundary=b';
const FILE = FIXTURES.explicit.file;
const WHOLE = multipartOf('b', [{ headers: { 'Content-Type': 'application/dicom' }, body: FILE }]);
const part = (headers: string, body: Buffer | string = FILE): Buffer =>
  Buffer.concat([Buffer.from(`--b\r\n${headers}\r\n\r\n`), Buffer.from(body), Buffer.from('\r\n--b--\r\n')]);

const CONTENT_TYPES: readonly (readonly [type: string, status: number])[] = [
  ...[
    'text/plain',
    'application/json',
    'application/dicom+json',
    'application/dicom+xml',
    'application/octet-stream',
    'application/zip',
    'image/jpeg',
    'multipart/mixed; boundary=b',
    'multipart/byteranges; boundary=b',
    'multipart/related; type="text/plain"; boundary=b',
    'multipart/related; type="image/jpeg"; boundary=b',
    'application/x-www-form-urlencoded',
  ].map((type) => [type, 415] as const),
  ...[
    'multipart/related',
    'multipart/related; type="application/dicom"',
    'multipart/related; boundary=""',
    `multipart/related; boundary=${'b'.repeat(71)}`,
    'multipart/related; boundary="b "',
    'multipart/related; boundary="b\\"c"',
    'multipart/related; boundary="b;c"',
  ].map((type) => [type, 400] as const),
];

const BODIES: readonly (readonly [name: string, body: Buffer | string, status: number])[] = [
  ['an empty body', '', 400],
  ['another boundary', multipartOf('c', [{ headers: { 'Content-Type': 'application/dicom' }, body: FILE }]), 400],
  ['a bare file', FILE, 400],
  ['no part', '--b--\r\n', 400],
  ['only a preamble', 'hello\r\n', 400],
  ['line feeds alone', WHOLE.toString('latin1').replaceAll('\r\n', '\n'), 400],
  ['a header line that is none', part('nonsense'), 400],
  ['a part type that is none', part('Content-Type: nonsense'), 400],
  ['two part types', part('Content-Type: a/b\r\nContent-Type: c/d'), 400],
  ['headers beyond the limit', part(`Content-Type: application/dicom\r\nX: ${'x'.repeat(20_000)}`), 413],
  ['a part of another type', part('Content-Type: text/plain'), 400],
  ['a part that is no DICOM', part('Content-Type: application/dicom', 'hello'), 400],
  ['an empty part', part('Content-Type: application/dicom', ''), 400],
  ['zeros', part('Content-Type: application/dicom', Buffer.alloc(1000)), 400],
  ['FFs', part('Content-Type: application/dicom', Buffer.alloc(1000, 255)), 400],
  [
    'a preamble and nothing else',
    part('Content-Type: application/dicom', Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')])),
    400,
  ],
  [
    'file meta information alone',
    part('Content-Type: application/dicom', FILE.subarray(0, FILE.length - FIXTURES.explicit.data.length)),
    400,
  ],
];

const JSON_TYPE = 'multipart/related; type="application/dicom+json"; boundary=b';
const METADATA: readonly (readonly [name: string, json: string])[] = [
  ['no JSON', '{'],
  ['a string', '"x"'],
  ['a number', '1'],
  ['null', 'null'],
  ['an array of arrays', '[[]]'],
  ['a tag that is none', '[{"x":{"vr":"LO"}}]'],
  ['a VR that is none', '[{"00100010":{"vr":"ZZ"}}]'],
  ['an attribute that is no object', '[{"00100010":1}]'],
  ['a Value that is no array', '[{"00100020":{"vr":"LO","Value":"x"}}]'],
  ['no base64', '[{"7FE00010":{"vr":"OW","InlineBinary":"***"}}]'],
  ['a number as text', '[{"00280010":{"vr":"US","Value":["x"]}}]'],
  ['bytes that are no UTF-8', '[{"00100020":{"vr":"LO","Value":["\xff\xfe"]}}]'],
];

function uploads(): BadRequest[] {
  const url = '/dicomweb/studies';
  const post = (name: string, type: string, body: Buffer | string, status: number): BadRequest => ({
    ...{ name, url, body, status },
    method: 'POST',
    headers: { 'content-type': type },
  });
  const cuts = Array.from({ length: 40 }, (_, i) => Math.floor((i * (WHOLE.length - 5)) / 40));
  return [
    ...CONTENT_TYPES.map(([type, status]) => post(`Content-Type: ${type}`, type, WHOLE, status)),
    ...BODIES.map(([name, body, status]) => post(name, RELATED, body, status)),
    ...cuts.map((length) => post(`an upload cut at ${length}`, RELATED, WHOLE.subarray(0, length), 400)),
    ...METADATA.map(([name, json]) =>
      post(
        `metadata: ${name}`,
        JSON_TYPE,
        part('Content-Type: application/dicom+json', Buffer.from(json, 'latin1')),
        400,
      ),
    ),
    post('a bare file that is none', 'application/dicom', 'hello', 400),
    post('a form without files', 'multipart/form-data; boundary=b', '--b--\r\n', 400),
    post('a form that is none', 'multipart/form-data; boundary=b', 'hello', 400),
    post('a form without a boundary', 'multipart/form-data', 'hello', 400),
    { ...post('an instance of another study than the path', RELATED, WHOLE, 409), url: '/dicomweb/studies/1.2.3' },
    { ...post('a study that is no UID', RELATED, WHOLE, 400), url: '/dicomweb/studies/x', names: 'study' },
    {
      ...post('an Accept of nothing offered', RELATED, WHOLE, 406),
      headers: { 'content-type': RELATED, accept: 'text/plain' },
    },
  ];
}

const NOT_FOUND = [
  '/dicomweb/studies/9.9.9',
  '/dicomweb/studies/9.9.9/metadata',
  `/dicomweb/studies/${STUDY}/series/9.9`,
  `${PATHS.native}/instances/9.9`,
  `${PATHS.native}/instances/9.9/metadata`,
  `${PATHS.native}/instances/9.9/frames/1`,
  `${PATHS.native}/instances/9.9/rendered`,
  `${PATHS.native}/instances/9.9/thumbnail`,
  `${INSTANCE}/frames/2`,
  `${INSTANCE}/frames/1,2`,
  `${INSTANCE}/frames/2/rendered`,
  `${INSTANCE}/bulkdata/00081111`,
  `${INSTANCE}/bulkdata/00081111/0/7FE00010`,
];

const ONE = `requestType=WADO&studyUID=${STUDY}&seriesUID=${FIXTURES.explicit.seriesInstanceUid}&objectUID=${FIXTURES.explicit.sopInstanceUid}`;

/** De-identification, and the places of one PACS. */
const OTHERS: readonly (readonly [url: string, status: number, names?: string])[] = [
  [`/wado?${ONE}&anonymize=yes`, 400, 'anonymize'],
  [`/wado?${ONE}&contentType=application/dicom&anonymize=`, 400, 'anonymize'],
  [`/wado?${ONE}&contentType=application/dicom&anonymize=YES`, 400, 'anonymize'],
  [`/wado?${ONE}&contentType=application/dicom&anonymize=yes&anonymize=yes`, 400, 'anonymize'],
  [`/wado?${ONE}&contentType=application/dicom&transferSyntax=x`, 400, 'transferSyntax'],
  [`/wado?${ONE}&contentType=application/dicom&transferSyntax=1.2.3`, 406],
  [`/wado?${ONE}&presentationUID=1.2`, 400, 'presentationSeriesUID'],
  [`/wado?${ONE}&annotation=name`, 400, 'annotation'],
  ['/dicomweb/aets/NOBODY/studies', 404],
  ['/dicomweb/aets/NOBODY/studies/1.2.3', 404],
  [`/dicomweb/aets/NOBODY/wado?${ONE}`, 404],
];

/** The multipart body cut before and behind each of its boundaries, line ends and header lines. */
function structuralCuts(): BadRequest[] {
  const whole = multipartOf(
    'b',
    [1, 2].map(() => ({ headers: { 'Content-Type': 'application/dicom' }, body: Buffer.from('x') })),
  );
  const places = [...whole.toString('latin1').matchAll(/--b|\r\n|: /g)].flatMap(({ index, 0: found }) => [
    index,
    index + 1,
    index + found.length,
  ]);
  // What follows the two hyphens of the closing boundary may be missing.
  const cuts = [...new Set(places)].filter((at) => at < whole.length - 2);
  return cuts.map((at) => ({
    ...{ name: `two parts cut at ${at}`, url: '/dicomweb/studies', status: 400, body: whole.subarray(0, at) },
    method: 'POST',
    headers: { 'content-type': RELATED },
  }));
}

export const BAD_REQUESTS: readonly BadRequest[] = [
  ...badUids(),
  ...unknown(),
  ...methods(),
  ...accepts(),
  ...queries(),
  ...uploads(),
  ...structuralCuts(),
  ...OTHERS.map(([url, status, names]): BadRequest => ({ name: url, url, status, ...(names ? { names } : {}) })),
  ...NOT_FOUND.map((url): BadRequest => ({ name: `nothing at ${url.slice(9)}`, url, status: 404 })),
];
