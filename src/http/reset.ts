// Breaking a connection so that the other end sees it broken.

import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Closes by a TCP RST where there can be one: not over TLS, and not while a FIN is being sent. libuv refuses a reset then, and Node
 * would never close the socket: it would be held for ever and the process could not end. The same befalls a socket that was to be
 * reset once it is connected, when it was ended meanwhile.
 */
export function resetSocket(socket: Socket | null): void {
  if (!(socket instanceof Socket)) return;
  const isEnding = socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished;
  if (isEnding || socket.connecting || socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
