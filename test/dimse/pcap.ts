// A relay that records a TCP conversation, and the capture file (pcap, raw IPv4) that a protocol analyser reads.

import { connect, createServer, type Socket } from 'node:net';

/** What one side sent at a time, in the order in which it passed the relay. */
export type Piece = { fromClient: boolean; bytes: Buffer };

export type Recording = { port: number; pieces: Piece[]; close(): Promise<void> };

/** Passes one connection on to a port of this machine and keeps what goes by. */
export async function record(target: number): Promise<Recording> {
  const pieces: Piece[] = [];
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    sockets.push(client, upstream);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (bytes) => {
        pieces.push({ fromClient: from === client, bytes });
        to.write(bytes);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port, pieces, close };
}

const LINKTYPE_RAW = 101;
const SERVER_PORT = 11112;
const CLIENT_PORT = 50000;
const FLAGS = { syn: 0x02, synAck: 0x12, data: 0x18 } as const;
const SEGMENT = 1460;
const EMPTY = Buffer.alloc(0);

/** The address and port that the capture file gives to the acceptor. */
export const CAPTURED_ADDRESS = '10.0.0.2';
export const CAPTURED_PORT = SERVER_PORT;

/** The capture file of a recording: its bytes as TCP segments, after a handshake. Checksums are left at 0. */
export function pcapOf(pieces: readonly Piece[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(0x40000, 16);
  head.writeUInt32LE(LINKTYPE_RAW, 20);
  const next = { client: 1, server: 1 };
  const packets = [head, packet(true, FLAGS.syn, 0, 0), packet(false, FLAGS.synAck, 0, 1)];
  for (const { fromClient, bytes } of pieces) {
    const [own, other] = fromClient ? (['client', 'server'] as const) : (['server', 'client'] as const);
    for (let offset = 0; offset < bytes.length; offset += SEGMENT) {
      const segment = bytes.subarray(offset, offset + SEGMENT);
      packets.push(packet(fromClient, FLAGS.data, next[own], next[other], segment));
      next[own] += segment.length;
    }
  }
  return Buffer.concat(packets);
}

/** One record: its header, IPv4 header (RFC 791), TCP header (RFC 9293), bytes. */
function packet(fromClient: boolean, flags: number, sequence: number, acknowledged: number, bytes: Buffer = EMPTY) {
  const headers = Buffer.alloc(16 + 20 + 20);
  const length = 40 + bytes.length;
  headers.writeUInt32LE(length, 8);
  headers.writeUInt32LE(length, 12);
  headers.writeUInt8(0x45, 16);
  headers.writeUInt16BE(length, 18);
  headers.writeUInt8(64, 24);
  headers.writeUInt8(6, 25);
  headers.writeUInt32BE(fromClient ? 0x0a000001 : 0x0a000002, 28);
  headers.writeUInt32BE(fromClient ? 0x0a000002 : 0x0a000001, 32);
  headers.writeUInt16BE(fromClient ? CLIENT_PORT : SERVER_PORT, 36);
  headers.writeUInt16BE(fromClient ? SERVER_PORT : CLIENT_PORT, 38);
  headers.writeUInt32BE(sequence, 40);
  headers.writeUInt32BE(acknowledged, 44);
  headers.writeUInt8(0x50, 48);
  headers.writeUInt8(flags, 49);
  headers.writeUInt16BE(0xffff, 50);
  return Buffer.concat([headers, bytes]);
}
