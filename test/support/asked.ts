// A request to a gateway that runs as a process of its own, its answer held to the contract.

import { assertContract } from './contract.ts';

export type Asked = { status: number; headers: Headers; body: Buffer };

/** Throws where the answer is not in the contract. */
export async function asked(url: string, init: RequestInit = {}): Promise<Asked> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const { status, headers } = response;
  const body = Buffer.from(await response.arrayBuffer());
  const { method = 'GET' } = init;
  const { pathname, search } = new URL(url);
  assertContract({ method, target: pathname + search, status, headers: Object.fromEntries(headers), body });
  return { status, headers, body };
}
