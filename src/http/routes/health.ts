// Liveness and readiness, at the root: /healthz says that the process answers, and how late its event loop is; /readyz that its
// PACS do (C-ECHO).

import type { AddResource } from '../exchange.ts';

export function healthRoutes(add: AddResource): void {
  add('/healthz', {
    GET: ({ reply, service }) => {
      const report = { status: 'ok', eventLoopDelayMs: service.loop.read() };
      reply.type('application/json').header('cache-control', 'no-store');
      return reply.send(Buffer.from(`${JSON.stringify(report)}\n`));
    },
  });
  add('/readyz', {
    GET: async ({ reply, service, signal }) => {
      const report = await service.gateway.ready(signal);
      reply
        .status(report.ready ? 200 : 503)
        .type('application/json')
        .header('cache-control', 'no-store');
      return reply.send(Buffer.from(`${JSON.stringify(report)}\n`));
    },
  });
}
