// What stands around the recorded requests: uploads, pages of another origin, proxies, many requests at once.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { archiveFiles } from '../../support/archive-files.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { multipartOf } from '../../support/multipart.ts';
import { type Peer, startOrthanc, tempDir } from '../../support/peers.ts';
import { samplesIn } from './archive.ts';
import { type Answer, exchange, type Fields, type Sent } from './exact.ts';
import { rowsOf } from './expectations.ts';
import { VIEWER } from './requests.ts';

const { skip } = archiveFiles();
const JSON_MODEL = ['Accept', 'application/dicom+json'] as const;
const ANY_FRAME = 'multipart/related; type=application/octet-stream; transfer-syntax=*';

describe('what stands around requests of real clients', { skip }, async () => {
  let peer: Peer;
  /** Open to the viewer's pages. */
  let open: RunningGateway;
  /** Behind a proxy. */
  let behind: RunningGateway;
  const samples = skip ? undefined : await samplesIn(await tempDir());
  if (samples === undefined) return;
  const { ct, frames, pdf } = samples;
  const pathOf = ({ study, series, instance }: typeof ct) =>
    `/dicomweb/studies/${study}/series/${series}/instances/${instance}`;
  const send = (to: RunningGateway, sent: Sent): Promise<Answer> => exchange(to.origin, sent);

  before(async () => {
    peer = await startOrthanc({ files: Object.values(samples).map(({ path }) => path) });
    open = await startGateway(undefined, [peer], { DICOMWEB_HTTP_CORS_ORIGINS: VIEWER });
    behind = await startGateway(undefined, [peer], { DICOMWEB_HTTP_TRUSTED_PROXIES: '127.0.0.1' });
  });
  after(async () => {
    await open?.close();
    await behind?.close();
    await peer?.stop();
  });

  test('python dicomweb-client: a BulkDataURI can be followed, though Host has no port', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const fields: Fields = [['Host', host], JSON_MODEL];
      const [row] = rowsOf(await send(open, { target: `${pathOf(ct)}/metadata`, fields }));
      const { host: named, pathname } = new URL(row?.['7FE00010']?.BulkDataURI ?? '');
      assert.equal(named, `${host}:${new URL(open.origin).port}`);
      const bulk: Fields = [
        ['Host', host],
        ['Accept', 'multipart/related; type="*/*"'],
      ];
      assert.equal((await send(open, { target: pathname, fields: bulk })).status, 200);
    }
  });

  test('a name that Host has without a port is left as it is: what is in front may have another', async () => {
    const fields: Fields = [['Host', 'pacs.example'], JSON_MODEL];
    const [row] = rowsOf(await send(open, { target: `/dicomweb/studies?StudyInstanceUID=${ct.study}`, fields }));
    assert.deepEqual(row?.['00081190']?.Value, [`http://pacs.example/dicomweb/studies/${ct.study}`]);
  });

  test('python dicomweb-client: store_instances, whose body begins with an empty line', async () => {
    const boundary = '0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1';
    const parts = [ct, pdf].map(({ path }) => ({
      headers: { 'Content-Type': 'application/dicom' },
      body: readFileSync(path),
    }));
    const body = Buffer.concat([Buffer.from('\r\n'), multipartOf(boundary, parts)]);
    const type = `multipart/related; type="application/dicom"; boundary="${boundary}"`;
    const fields: Fields = [
      ['Host', '127.0.0.1'],
      ['User-Agent', 'python-requests/2.32.3'],
      ['Accept-Encoding', 'gzip, deflate'],
      JSON_MODEL,
      ['Connection', 'keep-alive'],
      ['Content-Type', type],
      ['Content-Length', String(body.length)],
    ];
    const answer = await send(open, { method: 'POST', target: '/dicomweb/studies', fields, body });
    assert.equal(answer.status, 200, answer.body.toString());
    const module = JSON.parse(answer.body.toString()) as Record<string, { Value: unknown[] }>;
    assert.equal(module['00081199']?.Value.length, 2);
  });

  test('OHIF: metadata of every series and all frames of one, at the same time', async () => {
    const host: Fields = [['Host', new URL(open.origin).host]];
    const all = Object.values(samples);
    const metadata = all.map(({ study, series }) =>
      send(open, { target: `/dicomweb/studies/${study}/series/${series}/metadata`, fields: [...host, JSON_MODEL] }),
    );
    const loop = Array.from({ length: 10 }, (_, n) =>
      send(open, { target: `${pathOf(frames)}/frames/${n + 1}`, fields: [...host, ['Accept', ANY_FRAME]] }),
    );
    const answers = await Promise.all([...metadata, ...loop]);
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(new Set(answers.slice(all.length).map(({ body }) => body.toString('latin1').slice(-4000))).size, 10);
  });

  test('a page of another origin asks first for its Accept with quotes, and reads answers and errors alike', async () => {
    const host: Fields = [
      ['Host', new URL(open.origin).host],
      ['Origin', VIEWER],
    ];
    const asked: Fields = [
      ['Access-Control-Request-Method', 'GET'],
      ['Access-Control-Request-Headers', 'accept,authorization'],
    ];
    for (const target of ['/dicomweb/studies', `${pathOf(ct)}/frames/1`, '/wado', '/dicomweb/nothing']) {
      const preflight = await send(open, { method: 'OPTIONS', target, fields: [...host, ...asked] });
      assert.equal(preflight.status, 204, target);
      assert.equal(preflight.headers['access-control-allow-origin'], VIEWER, target);
      assert.match(preflight.headers['access-control-allow-headers'] ?? '', /accept/i, target);
      assert.match(preflight.headers['access-control-allow-methods'] ?? '', /GET/, target);
    }
    for (const [target, status] of [
      ['/dicomweb/studies/1.2.3/metadata', 404],
      ['/dicomweb/studies?limit=x', 400],
      [`${pathOf(pdf)}/frames/1`, 406],
      ['/dicomweb/nothing', 404],
      ['/wado', 400],
    ] as const) {
      const answer = await send(open, { target, fields: [...host, JSON_MODEL] });
      assert.equal(answer.status, status, target);
      assert.equal(answer.headers['access-control-allow-origin'], VIEWER, target);
    }
  });

  test('a page of another origin may show a PDF in a frame of its own, where it is allowed to read', async () => {
    const fields: Fields = [
      ['Host', new URL(open.origin).host],
      ['Accept', 'text/html,*/*;q=0.8'],
    ];
    const shown = await send(open, { target: `${pathOf(pdf)}/rendered`, fields });
    assert.match(
      shown.headers['content-security-policy'] ?? '',
      /frame-ancestors 'self' http:\/\/viewer\.example:3000(;|$)/,
    );
    const closed = await send(behind, { target: `${pathOf(pdf)}/rendered`, fields });
    assert.match(closed.headers['content-security-policy'] ?? '', /frame-ancestors 'self'(;|$)/);
  });

  const OUTSIDE: readonly (readonly [how: string, fields: Fields, base: string])[] = [
    [
      'X-Forwarded-* of nginx',
      [
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'pacs.example'],
        ['X-Forwarded-Port', '8443'],
        ['X-Forwarded-Prefix', '/imaging'],
      ],
      'https://pacs.example:8443/imaging/dicomweb',
    ],
    [
      'Forwarded, unquoted',
      [['Forwarded', 'for=10.0.0.1;host=pacs.example;proto=https']],
      'https://pacs.example/dicomweb',
    ],
    [
      'Forwarded, quoted',
      [['Forwarded', 'for="[2001:db8::1]:4711";proto=https;host="pacs.example:8443"']],
      'https://pacs.example:8443/dicomweb',
    ],
  ];
  for (const [how, forwarded, base] of OUTSIDE) {
    test(`behind a proxy, ${how}: RetrieveURL, BulkDataURI and Content-Location are right for the outside`, async () => {
      const fields: Fields = [['Host', new URL(behind.origin).host], ...forwarded];
      const path = pathOf(ct).replace('/dicomweb', '');
      const search = { target: `/dicomweb/studies?StudyInstanceUID=${ct.study}`, fields: [...fields, JSON_MODEL] };
      const [found] = rowsOf(await send(behind, search));
      assert.deepEqual(found?.['00081190']?.Value, [`${base}/studies/${ct.study}`]);
      const metadata = await send(behind, { target: `${pathOf(ct)}/metadata`, fields: [...fields, JSON_MODEL] });
      assert.equal(rowsOf(metadata)[0]?.['7FE00010']?.BulkDataURI, `${base}${path}/bulkdata/7FE00010`);
      assert.equal(metadata.headers['content-location'], `${base}${path}/metadata`);
      const frame = await send(behind, {
        target: `${pathOf(ct)}/frames/1`,
        fields: [...fields, ['Accept', ANY_FRAME]],
      });
      assert.ok(frame.body.includes(`Content-Location: ${base}${path}/frames/1`));
    });
  }
});
