// Warm: the study is in the cache. Beside Orthanc's own DICOMweb, whose pixels are on its disk.

import { compareLoad, median, ROUNDS, report, timed, whole } from './measure.ts';
import { FRAME_TYPE, JSON_TYPE, residentMb, type Scene, STUDY_TYPE, startGateway } from './setup.ts';

/** Runs `measure` against a gateway that has the study. */
async function withWarm(scene: Scene, measure: (url: string) => Promise<void>): Promise<void> {
  const running = await startGateway(scene.peer);
  try {
    await whole(`${running.url}/studies/${scene.study}`, STUDY_TYPE, scene.bytes);
    await measure(running.url);
    console.log(`  resident size of the gateway: ${residentMb(running.child)} MB`);
  } finally {
    running.stop();
  }
}

/** One large answer, both sides by turns; the first round is nobody's. */
async function byTurns(name: string, path: string, accept: string, least: number, sides: [string, string]) {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const side of [1, 0] as const) {
      const ms = await timed(() => whole(`${sides[side]}${path}`, accept, least));
      if (round > 0) times[side].push(ms);
    }
  }
  report(name, median(times[0]), median(times[1]), 'Orthanc');
}

export function warmStudy(scene: Scene): Promise<void> {
  const path = `/studies/${scene.study}`;
  return withWarm(scene, (url) => byTurns('study warm', path, STUDY_TYPE, scene.bytes, [url, scene.web]));
}

export function warmMetadata(scene: Scene): Promise<void> {
  const path = `${scene.series}/metadata`;
  return withWarm(scene, (url) => byTurns('series metadata warm', path, JSON_TYPE, 100_000, [url, scene.web]));
}

export function frames(scene: Scene): Promise<void> {
  const paths = scene.instances.map((path) => `${path}/frames/1`);
  return withWarm(scene, (url) =>
    compareLoad('frame 512x512', paths, { ours: url, theirs: scene.web, accept: FRAME_TYPE }),
  );
}

export function rendered(scene: Scene): Promise<void> {
  const paths = scene.instances.map((path) => `${path}/rendered`);
  return withWarm(scene, (url) =>
    compareLoad('rendered 512x512 JPEG', paths, { ours: url, theirs: scene.web, accept: 'image/jpeg' }),
  );
}
