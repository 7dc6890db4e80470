// What holds for every route that there is, of all PACS and of one: HEAD, OPTIONS, 405, and pages of other origins.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addResources } from '../../src/http/resources.ts';
import { FIXTURES, STUDY } from './fixtures.ts';
import { buildWeb } from './web.ts';

const { seriesInstanceUid, sopInstanceUid } = FIXTURES.explicit;
const VIEWER = 'https://viewer.example';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

const PLACES: Readonly<Record<string, string>> = {
  aet: 'FAKE',
  study: STUDY,
  series: seriesInstanceUid,
  instance: sopInstanceUid,
  frames: '1',
};

type Route = { pattern: string; url: string; methods: string[] };

/** Every route with the places of a fixture in its path, and with the methods that it must have. */
function routes(): Route[] {
  const found: Route[] = [];
  addResources((pattern, answers) => {
    const path = pattern.replace(/:(\w+)/g, (_, name) => PLACES[name] ?? name).replace(/\*$/, '7FE00010');
    const query = `?requestType=WADO&studyUID=${STUDY}&seriesUID=${seriesInstanceUid}&objectUID=${sopInstanceUid}`;
    const own = Object.keys(answers);
    const methods = METHODS.filter((one) => one === 'OPTIONS' || own.includes(one === 'HEAD' ? 'GET' : one));
    found.push({ pattern, url: path.endsWith('/wado') ? path + query : path, methods });
  }, '/dicomweb');
  return found;
}

test('there are routes of all PACS together and of each alone', () => {
  const patterns = routes().map(({ pattern }) => pattern);
  assert.equal(new Set(patterns).size, patterns.length);
  assert.equal(patterns.filter((one) => one.startsWith('/dicomweb/aets/:aet')).length, (patterns.length - 3) / 2);
});

for (const { pattern, url, methods } of routes()) {
  test(`${pattern}: HEAD as GET, OPTIONS with what there is, 405 for the rest`, async (t) => {
    const { app, gateway } = await buildWeb(t);
    // By which the instance of a thumbnail is chosen.
    gateway.found = [
      {
        '0020000E': { vr: 'UI', Value: [seriesInstanceUid] },
        '00080018': { vr: 'UI', Value: [sopInstanceUid] },
      },
    ];
    const allow = methods.join(', ');
    const options = await app.inject({ method: 'OPTIONS', url });
    assert.equal(options.headers.allow, allow);
    assert.equal(options.statusCode, methods.length === 1 ? 200 : 204);
    for (const method of METHODS.filter((one) => !methods.includes(one))) {
      const refused = await app.inject({ method, url });
      assert.deepEqual([refused.statusCode, refused.headers.allow], [405, allow], method);
    }
    if (!methods.includes('GET')) return;
    const [get, head] = [await app.inject({ url }), await app.inject({ method: 'HEAD', url })];
    assert.deepEqual([get.statusCode, head.statusCode, head.rawPayload.length], [200, 200, 0]);
  });

  test(`${pattern}: a page of a configured origin reads every answer, one of another none`, async (t) => {
    const { app, gateway } = await buildWeb(t, { corsOrigins: [VIEWER] });
    const ask = methods.includes('GET') ? ('GET' as const) : ('OPTIONS' as const);
    const statuses: number[] = [];
    const allowed = async (method: (typeof METHODS)[number], more: Record<string, string> = {}, at = url) => {
      const answer = await app.inject({ method, url: at, headers: { origin: VIEWER, ...more } });
      statuses.push(answer.statusCode);
      assert.equal(answer.headers['access-control-allow-origin'], VIEWER, `${method} ${at}: ${answer.statusCode}`);
      assert.match(String(answer.headers.vary), /Origin/, 'caches keep the answers to two origins apart');
      if (answer.statusCode !== 204) assert.match(String(answer.headers['access-control-expose-headers']), /ETag/);
    };
    await allowed(ask);
    await allowed('DELETE');
    await allowed('OPTIONS', { 'access-control-request-method': 'GET' });
    // A query that can't be read, and where they are asked, types that nobody has and a PACS that is down.
    await allowed(ask, {}, `${url}${url.includes('?') ? '&' : '?'}x=%`);
    gateway.failure = new Error('a bug');
    await allowed(ask, { accept: 'text/css' });
    assert.deepEqual(statuses.slice(1, 4), [405, 204, 400]);
    const foreign = await app.inject({ method: 'DELETE', url, headers: { origin: 'https://evil.example' } });
    assert.equal(foreign.headers['access-control-allow-origin'], undefined);
  });
}
