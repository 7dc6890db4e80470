// Liveness and readiness, at the root: /healthz says that the process answers, and how late its event loop is; /readyz that its
// PACS do (C-ECHO).

import { signalOf } from '../respond.ts';
import type { AddResource, Service } from '../service.ts';

export function healthRoutes(add: AddResource, { gateway, loop }: Service): void {
  add('/healthz', {
    GET: async (_request, reply) => {
      const report = { status: 'ok', eventLoopDelayMs: loop.read() };
      reply.type('application/json').header('cache-control', 'no-store');
      return reply.send(Buffer.from(`${JSON.stringify(report)}\n`));
    },
  });
  add('/readyz', {
    GET: async (_request, reply) => {
      const report = await gateway.ready(signalOf(reply));
      reply
        .status(report.ready ? 200 : 503)
        .type('application/json')
        .header('cache-control', 'no-store');
      return reply.send(Buffer.from(`${JSON.stringify(report)}\n`));
    },
  });
}
