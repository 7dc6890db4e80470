// The application under test with its fakes, closed when the test is over.

import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { type AppOptions, buildApp } from '../../src/http/app.ts';
import { holdToContract } from '../support/held.ts';
import { createFakeGateway, type FakeGateway } from './fake-gateway.ts';
import { createFakeRenderer, type FakeRenderer } from './fake-renderer.ts';
import { FIXTURES, type Fixture, STUDY } from './fixtures.ts';

export type Web = { app: FastifyInstance; gateway: FakeGateway; renderer: FakeRenderer };

/** Builds the application at /dicomweb, in front of the fixtures and `more` instances. */
export async function buildWeb(
  t: TestContext,
  options: Partial<AppOptions> = {},
  more: readonly Fixture[] = [],
): Promise<Web> {
  const gateway = await createFakeGateway(more);
  const renderer = createFakeRenderer();
  const app = holdToContract(await buildApp(gateway, renderer, { basePath: '/dicomweb', ...options }));
  t.after(async () => {
    // A client that reads nothing would hold the server for ever.
    app.server.closeAllConnections();
    await app.close();
    await gateway.close();
  });
  return { app, gateway, renderer };
}

/** Path of an instance resource. */
export function pathOf({ seriesInstanceUid, sopInstanceUid }: Fixture): string {
  return `/dicomweb/studies/${STUDY}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
}

export const PATHS = {
  study: `/dicomweb/studies/${STUDY}`,
  native: `/dicomweb/studies/${STUDY}/series/${FIXTURES.explicit.seriesInstanceUid}`,
  compressed: `/dicomweb/studies/${STUDY}/series/${FIXTURES.jpeg.seriesInstanceUid}`,
  other: `/dicomweb/studies/${STUDY}/series/${FIXTURES.pdf.seriesInstanceUid}`,
} as const;
