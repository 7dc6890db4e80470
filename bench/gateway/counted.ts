// A line to the PACS that counts what the PACS sends, so that a figure can say how often it was asked for the same.

import { type AddressInfo, connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

/** Passes on what comes for `target`, both ways, without delay. */
export async function countedLine(target: { host: string; port: number }) {
  let bytes = 0;
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ ...target, noDelay: true });
    far.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    pipeline(near, far, near, () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { address: { host: '127.0.0.1' as const, port }, bytes: () => bytes, stop: () => server.close() };
}
