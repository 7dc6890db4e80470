// The demo: phantom studies in an embedded PACS on loopback, for a gateway in front of it.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CurlCommand, curlCommands } from './curl.ts';
import { startPacs } from './pacs.ts';
import type { PhantomStudy } from './phantom.ts';
import { writePhantoms } from './phantom-files.ts';
import { phantomStudies } from './phantoms.ts';

export type DemoOptions = {
  /** The gateway as a move destination of the PACS: its AE title and where its Storage SCP listens. */
  gateway: { aeTitle: string; host: string; port: number };
  /** Where it makes its folder; the system's folder for such things by default. */
  dir?: string;
  /** Of the PACS. */
  aeTitle?: string;
  /** 0, the default: any free one. */
  port?: number;
  log?: (line: string) => void;
};

export type Demo = {
  /** The PACS, for the gateway's configuration. */
  pacs: { aeTitle: string; host: string; port: number };
  studies: PhantomStudy[];
  /** Commands that show what the gateway does; `baseUrl` is that of its DICOMweb services, without a slash at its end. */
  commands(baseUrl: string): CurlCommand[];
  /** Stops the PACS and removes its folder, with everything that was stored into it. */
  close(): Promise<void>;
};

/** Draws the phantoms into a temporary folder and starts the PACS with them. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { gateway, dir: parent = tmpdir(), aeTitle = 'DEMOPACS', port = 0, log } = options;
  const studies = phantomStudies();
  const dir = await mkdtemp(join(parent, 'dicomweb-demo-'));
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    const phantomDir = join(dir, 'phantoms');
    await mkdir(phantomDir);
    const phantoms = studies.flatMap((study) => study.instances);
    const files = await writePhantoms(phantoms, phantomDir);
    const pacs = await startPacs({
      dir: join(dir, 'pacs'),
      aeTitle,
      port,
      files,
      peers: { [gateway.aeTitle]: { host: gateway.host, port: gateway.port } },
      ...(log !== undefined && { log }),
    });
    return {
      pacs: { aeTitle: pacs.aeTitle, host: pacs.host, port: pacs.port },
      studies,
      commands: (baseUrl) => curlCommands(baseUrl, studies),
      close: async () => {
        await pacs.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
