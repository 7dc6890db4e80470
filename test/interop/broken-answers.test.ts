// Answers that break off in the middle: whoever asks sees that it was not all, in every form, straight and through nginx and TLS.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Agent, fetch } from 'undici';
import type { FollowedFile } from '../../src/bridge/gateway.ts';
import { writeFileMeta } from '../../src/dimse/data/part10.ts';
import { DicomError } from '../../src/dimse/errors.ts';
import { encoded } from '../bridge/fixtures.ts';
import type { FakeGateway } from '../http/fake-gateway.ts';
import { EXPLICIT, FIXTURES, type Fixture, NATIVE_SERIES, STUDY } from '../http/fixtures.ts';
import { buildWeb, PATHS, pathOf } from '../http/web.ts';
import { type Front, startNginx } from './nginx.ts';

const FAILURE = new DicomError('aborted', 'the PACS went away');

/** Long enough that some of it has gone out when the rest fails. */
const LONG = 4 << 20;

function instanceOf(n: number, bytes: number, text: string): Fixture {
  const { sopClassUid } = FIXTURES.explicit;
  const instance = `2.25.1.1.${n}`;
  const more = { '00204000': { vr: 'LT' as const, Value: [text] } };
  const data = encoded({ study: STUDY, series: NATIVE_SERIES, instance, sopClass: sopClassUid, bytes, more });
  const meta = writeFileMeta({ sopClassUid, sopInstanceUid: instance, transferSyntaxUid: EXPLICIT });
  const uids = { sopClassUid, sopInstanceUid: instance, seriesInstanceUid: NATIVE_SERIES, transferSyntaxUid: EXPLICIT };
  return { ...uids, data, file: Buffer.concat([meta, data]) };
}

const longInstance = () => instanceOf(99, LONG, 'long');

const INSTANCE = pathOf(longInstance());

/** Instances whose metadata are long, and not to be compressed to nothing. */
const WORDY = 40;

const wordyInstance = (n: number) => instanceOf(100 + n, 512, randomBytes(7000).toString('base64'));

/** The instance, of which only half can be read. */
async function halfOf(gateway: FakeGateway, isGrowing: boolean): Promise<void> {
  const { open } = gateway;
  const half = LONG >> 1;
  const openHalf: FakeGateway['open'] = async (...asked) => {
    const file = await open(...asked);
    const read = async (target: Buffer, position: number) => {
      if (position >= half) throw FAILURE;
      return file.read(target.subarray(0, half - position), position);
    };
    return { ...file, read };
  };
  gateway.open = openHalf;
  gateway.openEarly = async (...asked): Promise<FollowedFile> => {
    const file = await openHalf(...asked);
    const read = async (target: Buffer, position: number) => file.read(target, position);
    return isGrowing ? { ...file, size: undefined, read, whole: () => Promise.reject(FAILURE) } : { ...file, read };
  };
}

const amidTheWordy = async (gateway: FakeGateway): Promise<void> => {
  gateway.failAfter = { instances: WORDY - 5, error: FAILURE };
};

type Form = { path: string; headers: Record<string, string>; breakIn(gateway: FakeGateway): Promise<void> };

const SINGLE = 'application/dicom; transfer-syntax=*';
const FORMS: Record<string, Form> = {
  multipart: {
    path: PATHS.native,
    headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
    breakIn: amidTheWordy,
  },
  'gzip’d JSON': {
    path: `${PATHS.native}/metadata`,
    headers: { accept: 'application/dicom+json', 'accept-encoding': 'gzip' },
    breakIn: async (gateway) => {
      gateway.whole = false;
      await amidTheWordy(gateway);
    },
  },
  'an instance of known length': {
    path: INSTANCE,
    headers: { accept: SINGLE },
    breakIn: (gateway) => halfOf(gateway, false),
  },
  'an instance that still arrives': {
    path: INSTANCE,
    headers: { accept: SINGLE },
    breakIn: (gateway) => halfOf(gateway, true),
  },
};

/** An error that is told by its status would be no answer that breaks. */
function seen(status: number | undefined): number {
  return status === 200 ? status : assert.fail(`status ${status}`);
}

type Asked = { url: string; headers: Record<string, string>; front: Front };

/** Node's own client. */
async function byNode({ url, headers, front }: Asked): Promise<number> {
  const send = url.startsWith('https:') ? secureRequest : request;
  const sent = send(url, { headers, agent: false, ca: front.ca }).end();
  sent.on('error', () => {});
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  for await (const _ of response);
  return seen(response.statusCode);
}

async function byUndici({ url, headers, front }: Asked): Promise<number> {
  const response = await fetch(url, { headers, dispatcher: front.dispatcher });
  await response.arrayBuffer();
  return seen(response.status);
}

/** curl, which says with its exit status that a transfer was cut. */
const byCurl =
  (...options: string[]) =>
  async ({ url, headers, front }: Asked): Promise<number> => {
    const said = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const own = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', front.caPath, ...options];
    const { stdout } = await promisify(execFile)('curl', [...own, ...said, url]);
    return seen(Number(stdout));
  };

const CLIENTS = { 'Node’s http': byNode, undici: byUndici, curl: byCurl() };

/** The front that is none: the gateway itself. */
async function straight(t: TestContext, origin: string): Promise<Front> {
  const dispatcher = new Agent();
  t.after(() => dispatcher.destroy());
  return { base: origin, dispatcher, ca: '', caPath: '/dev/null' };
}

for (const [way, startFront] of [
  ['straight', straight],
  ['through nginx and TLS', startNginx],
] as const) {
  const clients = way === 'straight' ? { ...CLIENTS, 'curl in HTTP/1.0': byCurl('--http1.0') } : CLIENTS;
  for (const [form, { path, headers, breakIn }] of Object.entries(FORMS)) {
    test(`${form}, ${way}: every client takes the whole, and sees that half of it is not`, async (t) => {
      const { app, gateway } = await buildWeb(t, {}, [
        longInstance(),
        ...Array.from({ length: WORDY }, (_, n) => wordyInstance(n)),
      ]);
      const front = await startFront(t, await app.listen({ host: '127.0.0.1', port: 0 }));
      const url = front.base + path;
      for (const [name, ask] of Object.entries(clients)) {
        assert.equal(await ask({ url, headers, front }), 200, name);
      }
      await breakIn(gateway);
      for (const [name, ask] of Object.entries(clients)) {
        await assert.rejects(
          ask({ url, headers, front }),
          (error: Error) => {
            t.diagnostic(`${name}: ${'code' in error ? error.code : error.message}`);
            return true;
          },
          `${name} takes half for the whole`,
        );
      }
      assert.equal(gateway.held, 0);
    });
  }
}

test('HTTP/1.0, which sees no difference between a broken end and an end in TLS, is refused by nginx', async (t) => {
  const { app } = await buildWeb(t);
  const front = await startNginx(t, await app.listen({ host: '127.0.0.1', port: 0 }));
  const asked = { url: front.base + PATHS.native, headers: {}, front };
  await assert.rejects(byCurl('--http1.0')(asked), /status 505/);
});
