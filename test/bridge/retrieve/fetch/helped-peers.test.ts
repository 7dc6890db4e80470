// DCMTK's dcmqrscp and Orthanc at the other end of a long line: a study that several associations bring is the study, once.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readFileMeta, writeFileMeta } from '../../../../src/dimse/data/part10.ts';
import { ExplicitLittle } from '../../../../src/dimse/data/transfer-syntax.ts';
import { startGateway } from '../../../support/gateway.ts';
import { partsOf } from '../../../support/multipart.ts';
import { startDcmqrscp, startOrthanc } from '../../../support/peers.ts';
import { CT, emptyDir, encoded, type Made } from '../../fixtures.ts';

const STUDY = '1.2.826.0.1.3680043.10.511.8.1';
const SIDE = 64;
const us = (value: number) => ({ vr: 'US' as const, Value: [value] });

/** Two series, 80 and 60 instances, each with pixels of its own. */
const MADE: Made[] = [80, 60].flatMap((count, at) =>
  Array.from({ length: count }, (_, n) => ({
    study: STUDY,
    series: `${STUDY}.${at + 1}`,
    instance: `${STUDY}.${at + 1}.${n + 1}`,
    more: {
      '00200013': { vr: 'IS', Value: [n + 1] },
      '00280002': us(1),
      '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
      '00280010': us(SIDE),
      '00280011': us(SIDE),
      '00280100': us(16),
      '00280101': us(16),
      '00280102': us(15),
      '00280103': us(0),
      '7FE00010': { vr: 'OW', InlineBinary: Buffer.alloc(2 * SIDE * SIDE, n + 1 + 100 * at) },
    },
  })),
);
const SIZE = MADE.reduce((sum, made) => sum + encoded(made).length, 0);

async function writeFiles(t: TestContext): Promise<string[]> {
  const dir = await emptyDir(t);
  return Promise.all(
    MADE.map(async (made) => {
      const { instance: sopInstanceUid } = made;
      const meta = writeFileMeta({ sopClassUid: CT, sopInstanceUid, transferSyntaxUid: ExplicitLittle });
      const path = join(dir, `${sopInstanceUid}.dcm`);
      await writeFile(path, Buffer.concat([meta, encoded(made)]));
      return path;
    }),
  );
}

/** Passes connections on, all that comes from the peer late; `bytes`: from the peer, by connection; `most`: of them at one time. */
async function longLine(t: TestContext, target: { host: string; port: number }) {
  const line = { port: 0, bytes: [] as number[], most: 0 };
  const sockets = new Set<Socket>();
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ ...target, noDelay: true });
    const at = line.bytes.push(0) - 1;
    sockets.add(near);
    open.add(near);
    // What has ended before this one began may be heard of behind it, in the same turn.
    setImmediate(() => {
      line.most = Math.max(line.most, open.size);
    });
    near
      .on('error', () => {})
      .on('end', () => open.delete(near))
      .on('close', () => {
        open.delete(near);
        sockets.delete(near);
        far.destroy();
      });
    far.on('error', () => {}).on('close', () => setTimeout(() => near.destroy(), 2 * LATE));
    near.pipe(far);
    far.on('data', (chunk) => {
      line.bytes[at] = (line.bytes[at] ?? 0) + chunk.length;
      setTimeout(() => near.write(chunk), LATE);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  line.port = (server.address() as AddressInfo).port;
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return line;
}

/** Milliseconds; each instance waits for so long. */
const LATE = 8;

/** How many associations carry a good part: dcmqrscp keeps its database locked for the first one that retrieves. */
const PEERS = [
  { name: 'dcmqrscp', start: startDcmqrscp, fewest: 1, most: 3, asked: ['a series'] },
  { name: 'Orthanc', start: startOrthanc, fewest: 2, most: 3, asked: ['a study', 'a series'] },
];

for (const { name, start, fewest, most, asked } of PEERS) {
  describe(`${name} at the end of a long line`, () => {
    for (const [what, path, made] of [
      ['a study', `/studies/${STUDY}`, MADE],
      ['a series', `/studies/${STUDY}/series/${STUDY}.1`, MADE.slice(0, 80)],
    ] as const) {
      if (!asked.includes(what)) continue;
      test(`${what} for which several associations ask comes whole, each byte as it is stored`, async (t) => {
        const peer = await start({ files: await writeFiles(t) });
        t.after(() => peer.stop());
        const line = await longLine(t, peer);
        const pacs = { aeTitle: peer.aeTitle, host: '127.0.0.1', port: line.port };
        const gateway = await startGateway(t, [pacs], {
          DICOMWEB_PACS_0_RETRIEVE: 'get',
          DICOMWEB_PACS_0_RETRIEVE_ASSOCIATIONS: '3',
          DICOMWEB_PACS_0_MAX_ASSOCIATIONS: '4',
        });
        const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
        const response = await fetch(`${gateway.url}${path}`, { headers: { accept } });
        const body = Buffer.from(await response.arrayBuffer());
        assert.equal(response.status, 200);
        const found = new Map(
          partsOf(response.headers.get('content-type') ?? '', body).map((part) => {
            const { sopInstanceUid = '', dataOffset } = readFileMeta(part.body);
            return [sopInstanceUid, part.body.subarray(dataOffset)];
          }),
        );
        assert.equal(found.size, made.length);
        for (const one of made) assert.ok(found.get(one.instance)?.equals(encoded(one)), one.instance);
        const carrying = line.bytes.filter((bytes) => bytes > SIZE / 20).length;
        t.diagnostic(`${line.bytes.length} associations, ${line.most} at one time, bytes from each: ${line.bytes}`);
        assert.ok(carrying >= fewest && carrying <= most, `${carrying} associations carried the study`);
        assert.ok(line.most <= 4, `${line.most} associations at one time`);
        // What the first sends before it hears that the rest has been taken comes twice.
        const sent = line.bytes.reduce((sum, bytes) => sum + bytes, 0);
        assert.ok(sent < 1.5 * made.reduce((sum, one) => sum + encoded(one).length, 0), `${sent} bytes`);
      });
    }
  });
}
