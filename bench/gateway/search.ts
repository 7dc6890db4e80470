// QIDO-RS: Orthanc asked over C-FIND by the gateway, beside Orthanc's own QIDO.

import { compareLoad, load, median, ROUNDS, report, timed, whole } from './measure.ts';
import { JSON_TYPE, type Scene, startGateway } from './setup.ts';

export async function search({ peer, web, series }: Scene): Promise<void> {
  const running = await startGateway(peer);
  try {
    await load(Array(200).fill(`${running.url}/studies?PatientID=*&limit=10`), JSON_TYPE, 4);
    const times: Record<'ours' | 'theirs', number[]> = { ours: [], theirs: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      times.theirs.push(await timed(() => whole(`${web}${series}/instances`, JSON_TYPE, 100_000)));
      times.ours.push(await timed(() => whole(`${running.url}${series}/instances`, JSON_TYPE, 100_000)));
    }
    report('QIDO 500 instances', median(times.ours), median(times.theirs), 'Orthanc');
    const paths = Array<string>(300).fill('/studies?PatientID=*&limit=10');
    await compareLoad('QIDO study by PatientID', paths, { ours: running.url, theirs: web, accept: JSON_TYPE });
  } finally {
    running.stop();
  }
}
