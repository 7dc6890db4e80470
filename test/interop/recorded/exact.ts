// One request over a socket of its own with exactly the target and the headers given, and what came back, undecoded.

import { request } from 'node:http';

/** Header fields as they are written, in their order. */
export type Fields = readonly (readonly [name: string, value: string])[];

export type Sent = { method?: string; target: string; fields: Fields; body?: Buffer };

export type Answer = { status: number; headers: Record<string, string>; body: Buffer };

/** Sends to `origin`, of which only address and port count: `Host` is what `fields` say. */
export function exchange(origin: string, { method = 'GET', target, fields, body }: Sent): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port, method, path: target, agent: false, setHost: false };
    const outgoing = request(
      { ...options, headers: fields.flat(), signal: AbortSignal.timeout(30_000) },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const headers = Object.fromEntries(
            Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
          );
          resolve({ status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
