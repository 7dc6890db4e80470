// The whole gateway side by side with Orthanc's own DICOMweb and with DCMTK's tools, in one run; the gateway is a process of its own.
// node bench/gateway.ts [cold-study] [cold-metadata] [cold-thumbnail] [fifty] [relay] [study] [metadata] [search] [frames] [rendered] [mixed] [memory] [stow]; DICOM_CORPUS has gen_study.py.

import { rmSync } from 'node:fs';
import { coldMetadata, coldStudy, coldThumbnail, fiftyClients, throughRelay } from './gateway/cold.ts';
import { ROUNDS } from './gateway/measure.ts';
import { memory } from './gateway/memory.ts';
import { mixed } from './gateway/mixed.ts';
import { search } from './gateway/search.ts';
import { dir, type Scene, SLICES, startScene } from './gateway/setup.ts';
import { stow } from './gateway/stow.ts';
import { frames, rendered, warmMetadata, warmStudy } from './gateway/warm.ts';

const FIGURES: Record<string, (scene: Scene) => Promise<void>> = {
  'cold-study': coldStudy,
  'cold-metadata': coldMetadata,
  'cold-thumbnail': coldThumbnail,
  fifty: fiftyClients,
  relay: throughRelay,
  study: warmStudy,
  metadata: warmMetadata,
  search,
  frames,
  rendered,
  mixed,
  memory,
  stow,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in FIGURES));
if (unknown !== undefined) throw new Error(`no figure ${unknown}: there are ${Object.keys(FIGURES).join(', ')}`);
console.log(`node ${process.version}, ${SLICES} CT slices of 512x512, ${ROUNDS} rounds, medians`);
let scene: Scene | undefined;
try {
  scene = await startScene();
  for (const [name, figure] of Object.entries(FIGURES))
    if (asked.length === 0 || asked.includes(name)) await figure(scene);
} finally {
  await scene?.peer.stop();
  rmSync(dir, { recursive: true, force: true });
}
