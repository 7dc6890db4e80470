// What Wireshark makes of a recorded conversation: PDUs and messages as it names them, and whatever it complains of.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Server } from 'node:tls';
import { tempDir } from '../support/peers.ts';
import { CAPTURED_ADDRESS, CAPTURED_PORT, type Piece, pcapOf } from './pcap.ts';

const INSTALL = 'apt-get install -y --no-install-recommends tshark';
const absent = spawnSync('tshark', ['--version']).error !== undefined;
const required = process.env.DICOM_CORPUS_REQUIRED === '1';

/** Options of a test that needs tshark. */
export const needsTshark = absent && !required ? { skip: `no tshark: ${INSTALL}` } : {};

/** What it takes to read what went over TLS: the path of the acceptor's private key, and the secrets of its sessions. */
export type Secrets = { keyPath: string; keyLog: readonly Buffer[] };

/**
 * What one side sent, in order: types of PDUs; command sets as `C-GET-RSP C=1 (Success)`, and data sets, as `C-FIND-RQ-DATA` or, where
 * they are instances, by their SOP class.
 */
type Side = { pdus: number[]; messages: string[] };
export type Dissection = { requestor: Side; acceptor: Side; complaints: string[] };

/** What tshark remarks without finding fault. */
const REMARK = /^(Connection establish.*|Association (aborted|rejected))$/;

/** The secrets of the TLS sessions of every server that comes to listen from now on, until the test is over. */
export function keyLogOf(t: TestContext): Buffer[] {
  const lines: Buffer[] = [];
  const onListen = (message: unknown) => {
    const { server } = message as { server: unknown };
    if (server instanceof Server) server.on('keylog', (line) => lines.push(line));
  };
  subscribe('tracing:net.server.listen:asyncStart', onListen);
  t.after(() => unsubscribe('tracing:net.server.listen:asyncStart', onListen));
  return lines;
}

/** @param secrets where the pieces went over TLS */
export async function dissected(t: TestContext, pieces: readonly Piece[], secrets?: Secrets): Promise<Dissection> {
  if (absent) assert.fail(`no tshark: ${INSTALL}`);
  const dir = await tempDir(t);
  const file = join(dir, 'conversation.pcap');
  writeFileSync(file, pcapOf(pieces));
  const fields = ['tcp.dstport', 'dicom.pdu.type', 'text', '_ws.malformed', '_ws.expert.message', '_ws.unreassembled'];
  const format = ['-T', 'fields', '-E', 'aggregator=|', ...fields.flatMap((field) => ['-e', field])];
  const printed = execFileSync('tshark', ['-r', file, ...decoding(dir, secrets), ...format], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const found: Dissection = {
    requestor: { pdus: [], messages: [] },
    acceptor: { pdus: [], messages: [] },
    complaints: [],
  };
  for (const line of printed.trimEnd().split('\n')) {
    const [to, types = '', text = '', ...complaints] = line.split('\t');
    const { pdus, messages } = to === String(CAPTURED_PORT) ? found.requestor : found.acceptor;
    if (types !== '') pdus.push(...types.split('|').map(Number));
    messages.push(...text.split('|').flatMap(messageOf));
    found.complaints.push(...complaints.filter((each) => each !== '' && !REMARK.test(each)));
  }
  return found;
}

/** How tshark is told that the captured port speaks DICOM, or TLS and DICOM in it. */
function decoding(dir: string, secrets: Secrets | undefined): string[] {
  if (secrets === undefined) return ['-d', `tcp.port==${CAPTURED_PORT},dicom`];
  const keyLog = join(dir, 'secrets.log');
  writeFileSync(keyLog, Buffer.concat(secrets.keyLog));
  const server = [CAPTURED_ADDRESS, CAPTURED_PORT, 'dicom', secrets.keyPath, ''].map((each) => `"${each}"`);
  return ['-o', `tls.keylog_file:${keyLog}`, '-o', `uat:ssl_keys:${server.join(',')}`];
}

/** Of a node of the tree, where it is a PDV: `PDV, C-FIND-RSP ID=2 (Cancel)`. */
function messageOf(text: string): string[] {
  const [, name] = /^PDV, ([^,]*)/.exec(text) ?? [];
  return name === undefined ? [] : [name.replace(/ ID=\d+/, '')];
}
