// A retrieve that is known beforehand to lack instances: 206 with a Warning (PS3.18 Table 10.4.3-1, 8.5.1).

import type { Exchange } from './exchange.ts';

/** What a retrieve calls, before its first instance, with the number of those that can't be had. */
export function lackingOf({ reply, baseUrl }: Exchange): (missing: number) => void {
  return (missing) => {
    const what = missing === 1 ? '1 instance is' : `${missing} instances are`;
    reply.status(206).header('warning', `299 ${baseUrl}: ${what} missing: the PACS lists them and could not send them`);
  };
}
