// The real gateway in the test's own process: configuration, bridge, renderer and web server, on free ports.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Config, loadConfig } from '../../src/bridge/config/config.ts';
import { createGateway, type Log } from '../../src/bridge/gateway.ts';
import { buildApp } from '../../src/http/app.ts';
import { createRenderer } from '../../src/render/render.ts';
import { holdToContract } from './held.ts';
import { tempDir } from './peers.ts';

export type RunningGateway = {
  /** Scheme, host and port, without a path. */
  origin: string;
  /** The base of the DICOMweb services. */
  url: string;
  config: Config;
  close(): Promise<void>;
};

/**
 * Starts a gateway in front of the given peers. `settings` are environment variables by the name of the setting, for example
 * `{ DICOMWEB_PACS_0_RETRIEVE: 'move' }`. Closed, and its cache removed, when the test is over.
 */
export async function startGateway(
  t: Pick<TestContext, 'after'> | undefined,
  peers: readonly { aeTitle: string; host: string; port: number }[],
  settings: Record<string, string> = {},
  log?: Log,
  cacheDir?: string,
): Promise<RunningGateway> {
  const dir = await tempDir();
  const config = loadConfig({
    // By the environment: --pacs would take the place of all that `settings` say of a PACS.
    env: { DICOMWEB_DICOM_PORT: '0', ...Object.assign({}, ...peers.map(peerSettings)), ...settings },
    flags: {
      port: '0',
      'cache-dir': cacheDir ?? join(dir, 'cache'),
      'log-level': 'silent',
    },
  });
  const gateway = await createGateway(config, log && { log });
  const renderer = createRenderer({ timeoutMs: config.limits.renderMs });
  const app = holdToContract(await buildApp(gateway, renderer, { ...config.http, limits: config.limits }));
  const origin = await app.listen({ host: config.http.host, port: config.http.port });
  const close = async () => {
    try {
      await app.close();
    } finally {
      await gateway.close();
      await renderer.close();
      await rm(dir, { recursive: true, force: true });
    }
  };
  t?.after(close);
  return { origin, url: `${origin}${config.http.basePath}`, config, close };
}

function peerSettings({ aeTitle, host, port }: { aeTitle: string; host: string; port: number }, n: number) {
  const name = `DICOMWEB_PACS_${n}`;
  return { [`${name}_AE_TITLE`]: aeTitle, [`${name}_HOST`]: host, [`${name}_PORT`]: String(port) };
}
