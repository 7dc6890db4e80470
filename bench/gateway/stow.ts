// STOW-RS of 100 CT slices through the gateway into Orthanc, beside DCMTK's storescu into the same Orthanc.

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { multipartOf } from '../../test/support/multipart.ts';
import { type Peer, requirePeer, runToolOk } from '../../test/support/peers.ts';
import { median, ROUNDS, report, timed } from './measure.ts';
import { ctStudy, type Scene, startGateway } from './setup.ts';

export async function stow({ peer }: Scene): Promise<void> {
  requirePeer('storescu');
  const { files } = ctStudy(100);
  for (const associations of [1, 4]) await stowOver(associations, files, peer);
}

async function stowOver(associations: number, files: readonly string[], peer: Peer): Promise<void> {
  const running = await startGateway(peer, [], { DICOMWEB_PACS_0_STORE_ASSOCIATIONS: String(associations) });
  const parts = files.map((file) => ({ headers: { 'Content-Type': 'application/dicom' }, body: readFileSync(file) }));
  const body = multipartOf('bench', parts);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    theirs.push(
      await timed(() =>
        runToolOk('storescu', [
          '+sd',
          '+r',
          '-aec',
          peer.aeTitle,
          peer.host,
          String(peer.port),
          dirname(files[0] ?? ''),
        ]),
      ),
    );
    ours.push(
      await timed(async () => {
        const response = await fetch(`${running.url}/studies`, {
          method: 'POST',
          headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=bench' },
          body: new Uint8Array(body),
        });
        await response.arrayBuffer();
        if (response.status !== 200) throw new Error(`STOW: ${response.status}`);
      }),
    );
  }
  report(`STOW of 100 CT, ${associations} at a time`, median(ours), median(theirs), 'storescu');
  running.stop();
}
