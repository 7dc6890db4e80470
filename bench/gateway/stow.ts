// STOW-RS of 100 CT slices through the gateway into Orthanc, beside DCMTK's storescu into the same Orthanc. Both clients are
// programs that are started for it and read from files.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { multipartOf } from '../../test/support/multipart.ts';
import { type Peer, requirePeer, runToolOk } from '../../test/support/peers.ts';
import { median, ROUNDS, report, timed } from './measure.ts';
import { cpuMs, ctStudy, dir, type Scene, startGateway } from './setup.ts';

export async function stow({ peer }: Scene): Promise<void> {
  requirePeer('storescu');
  const { files } = ctStudy(100);
  for (const associations of [1, 4]) await stowOver(associations, files, peer);
}

async function stowOver(associations: number, files: readonly string[], peer: Peer): Promise<void> {
  const running = await startGateway(peer, [], { DICOMWEB_PACS_0_STORE_ASSOCIATIONS: String(associations) });
  const parts = files.map((file) => ({ headers: { 'Content-Type': 'application/dicom' }, body: readFileSync(file) }));
  const body = join(dir, 'upload');
  writeFileSync(body, multipartOf('bench', parts));
  const ours: number[] = [];
  const cpu: number[] = [];
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
    const before = cpuMs(running.child);
    ours.push(await timed(() => upload(`${running.url}/studies`, body)));
    cpu.push(cpuMs(running.child) - before);
  }
  report(`STOW of 100 CT, ${associations} at a time`, median(ours), median(theirs), 'storescu');
  report('  CPU of the gateway', median(cpu));
  running.stop();
}

async function upload(url: string, body: string): Promise<void> {
  const type = 'Content-Type: multipart/related; type="application/dicom"; boundary=bench';
  const said = ['-s', '-S', '-o', '/dev/null', '-w', '%{http_code}'];
  const status = await runToolOk('curl', [...said, '-X', 'POST', '-H', type, '-H', 'Expect:', '-T', body, url]);
  if (status.trim() !== '200') throw new Error(`STOW: ${status}`);
}
