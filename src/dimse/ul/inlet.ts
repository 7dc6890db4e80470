// The receiving side of a socket: chunks that are read only when asked for, the end of every back-pressure chain.

import { connect, type Socket } from 'node:net';
import { Channel } from './channel.ts';

/** A socket, and what it brings: each chunk is valid until the next one is asked for. */
export type Inlet = { socket: Socket; chunks: AsyncIterable<Buffer> };

/** Bytes of a read: large ones cost fewer turns of the event loop, beyond this the copy leaves the processor's cache. */
const READ = 1 << 18;
/** Reads that may lie ready: to stop and start reading around each one costs more than the reading. */
const READY = 2;

/**
 * Opens a TCP connection that reads into the same few buffers in turn: a fresh one for each read makes the garbage collector the
 * busiest part of a large retrieve. When all hold what nobody has asked for, nothing more is read.
 */
export function openTcp(target: { host: string; port: number }): Inlet {
  const chunks = new Channel<Buffer>();
  const memory = Buffer.allocUnsafeSlow(READ * READY);
  let reads = 0;
  let lent = 0;
  const buffer = (): Buffer => memory.subarray((reads % READY) * READ, ((reads % READY) + 1) * READ);
  const callback = (length: number, bytes: Uint8Array): boolean => {
    reads += 1;
    lent += 1;
    chunks.put(Buffer.from(bytes.buffer, bytes.byteOffset, length));
    // False: nothing more until it is resumed. What comes after the last that is wanted goes by.
    return lent < READY || chunks.closed;
  };
  const socket = connect({ ...target, keepAlive: true, onread: { buffer, callback } });
  const done = (): void => {
    if (lent === READY) socket.resume();
    lent -= 1;
  };
  return { socket, chunks: following(socket, chunks, { done }) };
}

/** A socket that is open already, or TLS: Node gives each chunk a buffer of its own. At most one waits, the socket paused. */
export function inletOf(socket: Socket): Inlet {
  const chunks = new Channel<Buffer>();
  socket.on('data', (chunk: Buffer) => {
    if (!chunks.awaited && !chunks.closed) socket.pause();
    chunks.put(chunk);
  });
  return { socket, chunks: following(socket, chunks, { wanted: () => socket.isPaused() && socket.resume() }) };
}

/** @param told when nothing lies ready but a chunk is `wanted`, and when its reader is `done` with one */
async function* following(
  socket: Socket,
  chunks: Channel<Buffer>,
  told: { wanted?(): void; done?(): void },
): AsyncGenerator<Buffer, void> {
  const onEnd = () => chunks.close();
  socket.once('end', onEnd).once('close', onEnd);
  try {
    for (;;) {
      if (!chunks.ready) told.wanted?.();
      const chunk = chunks.poll() ?? (await chunks.take());
      if (chunk === undefined) return;
      yield chunk;
      told.done?.();
    }
  } finally {
    chunks.close();
    socket.off('end', onEnd).off('close', onEnd);
  }
}
