// Rules that every service of PS3.18 chapter 8 has: URIs, negotiation, multipart; and those of Capabilities (8.9).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOCUMENT } from '../../openapi/openapi.ts';
import { createBoundary, multipartType, writeMultipart } from '../../src/http/multipart-writer.ts';
import { parseQuery } from '../../src/http/query.ts';
import { once } from '../../src/http/respond.ts';
import { multipartOf, partsOf } from '../support/multipart.ts';
import { codestream, EXPLICIT, FIXTURES, JPEG, JPEG_LS, STUDY } from './fixtures.ts';
import { buildWeb, PATHS, pathOf } from './web.ts';

const IMAGE = pathOf(FIXTURES.explicit);

test('COM-1 every URL of an answer is absolute, the base URL and then the path', async (t) => {
  const { app } = await buildWeb(t, { publicUrl: 'https://pacs.example/web' });
  const answer = await app.inject({ url: `${IMAGE}/metadata` });
  const resource = `https://pacs.example/web/studies/${STUDY}/series/${FIXTURES.explicit.seriesInstanceUid}`;
  assert.ok(String(answer.headers['content-location']).startsWith(resource));
  assert.ok(answer.json()[0]['7FE00010'].BulkDataURI.startsWith(resource));
});

for (const query of ['quality=0', 'quality=x', 'viewport=1', 'window=1,2,cubic', 'iccprofile=maybe', 'annotation=']) {
  test(`COM-6 a supported parameter with an invalid value is 400: ${query}`, async (t) => {
    const { app } = await buildWeb(t);
    assert.equal((await app.inject({ url: `${IMAGE}/rendered?${query}` })).statusCode, 400);
  });
}

test('COM-7 separators within a value are percent-encoded, and are then no separators', () => {
  assert.deepEqual(parseQuery('/studies?PatientName=A%26B%3DC%2CD&StudyID=%C3%A4%23%5B%5D'), [
    ['PatientName', 'A&B=C,D'],
    ['StudyID', 'ä#[]'],
  ]);
});

for (const study of ['2.25.1%00', '2.25.1%20', '%202.25.1']) {
  test(`COM-9 a UID has no padding: ${study} is 400`, async (t) => {
    const { app } = await buildWeb(t);
    assert.equal((await app.inject({ url: `/dicomweb/studies/${study}/metadata` })).statusCode, 400);
  });
}

for (const [window, status] of [
  ['1.5,2E1,linear', 200],
  ['-1,2,linear', 200],
  ['0x10,2,linear', 400],
  ['1,,linear', 400],
  ['1,NaN,linear', 400],
  ['1,Infinity,linear', 400],
  ['.5,2,linear', 200],
  ['1_0,2,linear', 400],
  ['1e,2,linear', 400],
  ['1e2.5,2,linear', 400],
] as const) {
  test(`COM-10 decimals have the syntax of the standard: window=${window} is ${status}`, async (t) => {
    const { app } = await buildWeb(t);
    assert.equal((await app.inject({ url: `${IMAGE}/rendered?window=${window}` })).statusCode, status);
  });
}

for (const [path, status] of [
  ['rendered?quality=50', 200],
  ['rendered?quality=%2B50', 400],
  ['rendered?quality=5e1', 400],
  ['frames/1', 200],
  ['frames/01', 400],
  ['frames/%2B1', 400],
  ['frames/0', 400],
] as const) {
  test(`COM-10 integers are digits, positive ones without a zero before them: ${path} is ${status}`, async (t) => {
    const { app } = await buildWeb(t);
    assert.equal((await app.inject({ url: `${IMAGE}/${path}` })).statusCode, status);
  });
}

test('COM-12 a list has white space around its commas, and no empty element', async (t) => {
  const { app } = await buildWeb(t);
  const frames = `${pathOf(FIXTURES.jpeg)}/frames`;
  const headers = { accept: 'multipart/related; type="application/octet-stream"; transfer-syntax=*' };
  const both = await app.inject({ url: `${frames}/1%20,%202`, headers });
  const bodies = partsOf(String(both.headers['content-type']), both.rawPayload).map(({ body }) => body);
  assert.deepEqual(bodies, [codestream(1), codestream(2)]);
  assert.equal((await app.inject({ url: `${frames}/1,,2` })).statusCode, 400);
});

test('NEG-17 the file itself says its transfer syntax, whatever the part says', async (t) => {
  const { app, gateway } = await buildWeb(t);
  const part = { 'Content-Type': `application/dicom; transfer-syntax=${JPEG}` };
  await app.inject({
    method: 'POST',
    url: '/dicomweb/studies',
    headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' },
    payload: multipartOf('b', [{ headers: part, body: FIXTURES.explicit.file }]),
  });
  assert.deepEqual(
    gateway.stored.map(({ transferSyntaxUid }) => transferSyntaxUid),
    [EXPLICIT],
  );
});

test('NEG-18 MP-4 each part says its own type, transfer syntax, length and place', async (t) => {
  const { app } = await buildWeb(t);
  const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
  const answer = await app.inject({ url: PATHS.compressed, headers: { accept } });
  const parts = partsOf(String(answer.headers['content-type']), answer.rawPayload);
  assert.deepEqual(
    parts.map(({ headers }) => headers['content-type']),
    [`application/dicom; transfer-syntax=${JPEG}`, `application/dicom; transfer-syntax=${JPEG_LS}`],
  );
  for (const { headers, body } of parts) {
    assert.equal(headers['content-length'], String(body.length));
    assert.match(headers['content-location'] ?? '', /\/instances\//);
  }
});

test('NEG-21 what is not offered is 406 with a list of what is; a wildcard gets the default', async (t) => {
  const { app } = await buildWeb(t);
  const refused = await app.inject({ url: `${IMAGE}/metadata`, headers: { accept: 'text/csv' } });
  assert.equal(refused.statusCode, 406);
  assert.match(refused.json().detail, /application\/dicom\+json/);
  const any = await app.inject({ url: `${IMAGE}/metadata`, headers: { accept: 'text/csv, */*;q=0.1' } });
  assert.equal(any.headers['content-type'], 'application/dicom+json');
});

for (const [header, value] of [
  ['accept-charset', 'utf-8'],
  ['accept-charset', 'x-unknown'],
  ['accept-charset', '"ISO 2022 IR 87"'],
] as const) {
  test(`CHR-1 CHR-2 CHR-4 JSON is UTF-8 for who asks for ${value}`, async (t) => {
    const { app } = await buildWeb(t);
    const answer = await app.inject({ url: `${IMAGE}/metadata`, headers: { [header]: value } });
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(answer.json()[0]['00080005']?.Value, ['ISO_IR 192']);
  });
}

const MULTIPART: readonly (readonly [url: string, type: string])[] = [
  [PATHS.native, 'application/dicom'],
  [`${PATHS.native}/bulkdata`, 'application/octet-stream'],
  [`${IMAGE}/frames/1`, 'application/octet-stream'],
  [`${PATHS.native}/rendered`, 'image/jpeg'],
  [`${PATHS.native}/metadata`, 'application/dicom+xml'],
];

for (const [url, type] of MULTIPART) {
  test(`MP-1 MP-5 the type of ${url} is that of its root part`, async (t) => {
    const { app } = await buildWeb(t);
    const answer = await app.inject({ url, headers: { accept: `multipart/related; type="${type}"` } });
    const contentType = String(answer.headers['content-type']);
    assert.match(contentType, new RegExp(`^multipart/related; type="${type.replace(/[+.]/g, '\\$&')}"; boundary=`));
    assert.doesNotMatch(contentType, /start/);
    for (const { headers } of partsOf(contentType, answer.rawPayload)) {
      assert.equal(headers['content-type']?.split(';')[0], type);
    }
  });
}

test('MP-2 a boundary has the characters that it may have, and is quoted where it must be', () => {
  for (let i = 0; i < 100; i++) assert.match(createBoundary(), /^[\w'()+,\-./:=?]{1,70}$/);
  assert.equal(multipartType('a/b', 'x:y'), 'multipart/related; type="a/b"; boundary="x:y"');
  assert.equal(multipartType('a/b', 'x-y'), 'multipart/related; type="a/b"; boundary=x-y');
});

test('MP-3 lines end with CRLF, and the one before a boundary is not of the data', async () => {
  async function* parts() {
    yield { headers: { 'Content-Type': 'a/b' }, body: once(Buffer.from('data\n')) };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of writeMultipart(parts(), 'b')) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), '--b\r\nContent-Type: a/b\r\n\r\ndata\n\r\n--b--\r\n');
});

for (const accept of ['application/vnd.sun.wadl+xml', 'application/json']) {
  test(`C-3 C-6 capabilities as ${accept} tell parameters and types, and 304 when they are known`, async (t) => {
    const { app } = await buildWeb(t);
    const ask = { method: 'OPTIONS', url: '/dicomweb' } as const;
    const answer = await app.inject({ ...ask, headers: { accept } });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-type'], accept);
    for (const said of ['fuzzymatching', 'includefield', 'quality', 'annotation', 'patient', 'dicom+xml', 'UTF-8']) {
      assert.ok(answer.payload.includes(said), said);
    }
    const again = await app.inject({ ...ask, headers: { accept, 'if-none-match': String(answer.headers.etag) } });
    assert.equal(again.statusCode, 304);
  });
}

type Node = { '@path': string; method: { '@name': string; response: unknown[] }[]; resource: Node[] };

test('C-4 every path of the contract is a resource of the capabilities, with its methods, and nothing else is', async (t) => {
  const { app } = await buildWeb(t);
  const ask = { method: 'OPTIONS', url: '/dicomweb/aets/FAKE' } as const;
  const { application } = (await app.inject({ ...ask, headers: { accept: 'application/json' } })).json();
  const said: string[] = [];
  const walk = (nodes: Node[], above: string): void => {
    for (const { '@path': step, method, resource } of nodes) {
      const path = step === '/' ? '/' : `${above}/${step}`;
      for (const { '@name': name, response } of method) {
        said.push(`${name} ${path}`);
        assert.ok(response.length > 3, `${name} ${path} tells its answers`);
      }
      walk(resource, path);
    }
  };
  walk(application.resources.resource, '');
  const contract = Object.entries(DOCUMENT.paths ?? {}).flatMap(([path, item]) =>
    item?.servers === undefined
      ? ['get', 'post', 'options'].filter((verb) => verb in (item ?? {})).map((verb) => `${verb.toUpperCase()} ${path}`)
      : [],
  );
  assert.deepEqual(said.toSorted(), contract.toSorted());
});

test('C-5 the JSON form holds what the XML holds', async (t) => {
  const { app } = await buildWeb(t);
  const ask = { method: 'OPTIONS', url: '/dicomweb' } as const;
  const xml = (await app.inject({ ...ask, headers: { accept: 'application/vnd.sun.wadl+xml' } })).payload;
  const json = (await app.inject({ ...ask, headers: { accept: 'application/json' } })).json();
  const counts: Record<string, number> = {};
  const walk = (name: string, node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) walk(name, one);
    else if (typeof node === 'object' && node !== null) {
      counts[name] = (counts[name] ?? 0) + 1;
      for (const [key, value] of Object.entries(node)) if (!key.startsWith('@') && key !== 'value') walk(key, value);
    }
  };
  walk('application', json.application);
  for (const [name, count] of Object.entries(counts)) {
    assert.equal(xml.match(new RegExp(`<${name}[ />]`, 'g'))?.length, count, name);
  }
  assert.ok((counts.method ?? 0) > 30);
});

test('C-7 OPTIONS of a page of another origin is its preflight, without it the capabilities', async (t) => {
  const { app } = await buildWeb(t, { corsOrigins: ['https://viewer.example'] });
  const ask = { method: 'OPTIONS', url: '/dicomweb' } as const;
  const origin = 'https://viewer.example';
  const preflight = await app.inject({ ...ask, headers: { origin, 'access-control-request-method': 'GET' } });
  assert.equal(preflight.statusCode, 204);
  const answer = await app.inject({ ...ask, headers: { origin } });
  assert.equal(answer.statusCode, 200);
  const exposed = String(answer.headers['access-control-expose-headers']);
  for (const name of ['Warning', 'Content-Location', 'Location', 'Retry-After', 'ETag']) {
    assert.ok(exposed.includes(name), name);
  }
});

for (const method of ['DELETE', 'PUT', 'PATCH'] as const) {
  test(`ED-6 T-82 there is no ${method} of studies, series and instances`, async (t) => {
    const { app } = await buildWeb(t);
    for (const url of [PATHS.study, PATHS.native, IMAGE]) {
      const answer = await app.inject({ method, url });
      assert.equal(answer.statusCode, 405);
      assert.match(String(answer.headers.allow), /GET/);
      assert.doesNotMatch(String(answer.headers.allow), new RegExp(method));
    }
    const { payload } = await app.inject({ method: 'OPTIONS', url: '/dicomweb' });
    assert.ok(payload.includes('"GET"') && !payload.includes(`"${method}"`), 'the capabilities name none either');
  });
}
