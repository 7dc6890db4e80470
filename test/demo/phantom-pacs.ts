// The embedded PACS with two phantom studies (CT: 24 slices and a report; MR: 20 slices and one enhanced), for its tests.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Pacs, startPacs } from '../../src/demo/pacs.ts';
import { writePhantoms } from '../../src/demo/phantom-files.ts';
import { phantomStudies } from '../../src/demo/phantoms.ts';
import { ExplicitLittle } from '../../src/dimse/data/transfer-syntax.ts';
import { type Association, connect } from '../../src/dimse/index.ts';
import { tempDir } from '../support/peers.ts';

const studies = phantomStudies().filter((study) => /CT of|MR of/.test(study.title));
const [CT_STUDY = '', MR_STUDY = ''] = studies.map((study) => study.studyInstanceUid);

export { CT_STUDY, MR_STUDY };

export type PhantomPacs = Pacs & {
  /** Files by SOP Instance UID. */
  files: ReadonlyMap<string, string>;
  /** Arguments that make DCMTK's tools call it. */
  address: string[];
};

export async function startPhantomPacs(
  peers: Record<string, { host: string; port: number }> = {},
): Promise<PhantomPacs> {
  const dir = await tempDir();
  const phantoms = studies.flatMap((study) => study.instances);
  const paths = await writePhantoms(phantoms, dir);
  const files = new Map(phantoms.map((phantom, index) => [phantom.sopInstanceUid, paths[index] ?? '']));
  const pacs = await startPacs({ dir: join(dir, 'pacs'), aeTitle: 'TESTPACS', port: 0, files: paths, peers });
  return {
    ...pacs,
    files,
    address: ['-aec', pacs.aeTitle, pacs.host, String(pacs.port)],
    close: async () => {
      await pacs.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** An association for one abstract syntax, and for storage classes in the SCP role where some are named. */
export function open(pacs: Pacs, abstractSyntax: string, stored: readonly string[] = []): Promise<Association> {
  return connect({
    host: pacs.host,
    port: pacs.port,
    calledAeTitle: pacs.aeTitle,
    callingAeTitle: 'TEST',
    contexts: [
      { abstractSyntax, transferSyntaxes: [ExplicitLittle] },
      ...stored.map((uid) => ({
        abstractSyntax: uid,
        transferSyntaxes: [ExplicitLittle],
        roles: { scu: false, scp: true },
      })),
    ],
  });
}

export async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
