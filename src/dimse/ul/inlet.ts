// The receiving side of a socket: chunks that are read only when asked for, the end of every back-pressure chain.

import { connect, type Socket } from 'node:net';
import { Channel } from './channel.ts';

/** A socket, and what it brings: each chunk is valid until the next one is asked for. */
export type Inlet = { socket: Socket; chunks: AsyncIterable<Buffer> };

/** Bytes of a read: large ones cost fewer turns of the event loop, beyond this the copy leaves the processor's cache. */
const READ = 1 << 18;

/**
 * Opens a TCP connection that reads into one and the same buffer: a fresh one for each read makes the garbage collector the
 * busiest part of a large retrieve. Between two chunks nothing is read.
 */
export function openTcp(target: { host: string; port: number }): Inlet {
  const chunks = new Channel<Buffer>();
  const callback = (length: number, bytes: Uint8Array): boolean => {
    chunks.put(Buffer.from(bytes.buffer, bytes.byteOffset, length));
    // False: nothing more until it is resumed. What comes after the last that is wanted goes by.
    return chunks.closed;
  };
  const onread = { buffer: Buffer.allocUnsafeSlow(READ), callback };
  const socket = connect({ ...target, keepAlive: true, onread });
  return { socket, chunks: following(socket, chunks, () => socket.resume()) };
}

/** A socket that is open already, or TLS: Node gives each chunk a buffer of its own. At most one waits, the socket paused. */
export function inletOf(socket: Socket): Inlet {
  const chunks = new Channel<Buffer>();
  socket.on('data', (chunk: Buffer) => {
    if (!chunks.awaited && !chunks.closed) socket.pause();
    chunks.put(chunk);
  });
  return { socket, chunks: following(socket, chunks, () => socket.isPaused() && socket.resume()) };
}

/** @param more has the socket read on */
async function* following(socket: Socket, chunks: Channel<Buffer>, more: () => void): AsyncGenerator<Buffer, void> {
  const onEnd = () => chunks.close();
  socket.once('end', onEnd).once('close', onEnd);
  try {
    for (;;) {
      if (!chunks.ready) more();
      const chunk = await chunks.take();
      if (chunk === undefined) return;
      yield chunk;
    }
  } finally {
    chunks.close();
    socket.off('end', onEnd).off('close', onEnd);
  }
}
