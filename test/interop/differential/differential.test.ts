// The same questions to the gateway, which asks Orthanc over DIMSE, and to Orthanc's own DICOMweb. They may differ only where
// DIFFERENCES says why; a reason that excuses nothing any more is an error too.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { readFileMeta } from '../../../src/dimse/data/part10.ts';
import { readDataset } from '../../../src/dimse/data/reader.ts';
import { archiveFiles, type Loaded } from '../../support/archive-files.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startOrthanc } from '../../support/peers.ts';
import { remainingOf } from '../../support/remaining.ts';
import { ask, differencesOf } from './compare.ts';
import { DIFFERENCES } from './differences.ts';
import { type Question, questions } from './questions.ts';

const { files: found, skip } = archiveFiles();
const files = unambiguous(found);
const STUDIES = 10;
const PICTURES = 8;
const JSON_ONLY = { accept: 'application/dicom+json' };

let orthanc: Awaited<ReturnType<typeof startOrthanc>>;
let gateway: RunningGateway;

before(async () => {
  if (skip) return;
  orthanc = await startOrthanc({ files: files.map(({ path }) => path), dicomWeb: true });
  gateway = await startGateway(undefined, [orthanc]);
});

after(async () => {
  await gateway?.close();
  await orthanc?.stop();
});

/**
 * Some files of the corpus share the UID of a study between patients, or that of a series between studies: an archive that
 * keeps patients apart then has two of a kind, which a UID cannot tell apart.
 */
function unambiguous(all: readonly Loaded[]): Loaded[] {
  const parents = new Map<string, Set<string>>();
  const patients = new Map(all.map(({ path }) => [path, patientOf(path)]));
  for (const { path, study, series } of all) {
    for (const [uid, parent] of [
      [study, patients.get(path) ?? ''],
      [series, study],
    ] as const) {
      parents.set(uid, (parents.get(uid) ?? new Set()).add(parent));
    }
  }
  return all.filter(({ study, series }) => parents.get(study)?.size === 1 && parents.get(series)?.size === 1);
}

function patientOf(path: string): string {
  const bytes = readFileSync(path);
  const { dataOffset, transferSyntaxUid } = readFileMeta(bytes);
  const dataset = readDataset(bytes.subarray(dataOffset), transferSyntaxUid, { until: '00100021' });
  return String(dataset['00100020']?.Value?.[0]);
}

/** One file each of studies spread over the corpus. */
function spread(from: readonly Loaded[], count: number): Loaded[] {
  const each = [...Map.groupBy(from, ({ study }) => study).values()].flatMap(([one]) => one ?? []);
  return Array.from({ length: count }, (_, at) => each[Math.floor((at * each.length) / count)]).flatMap(
    (one) => one ?? [],
  );
}

test('the gateway answers as the archive itself does, but for the differences that are named', { skip }, async () => {
  const pictures = files.filter(({ name }) => /^(ct|mr|us|cr)_(ele|ile)_/.test(name) && !/nopix/.test(name));
  const all = questions(spread(files, STUDIES), spread(pictures, PICTURES));
  assert.ok(all.length >= 200, `${all.length} questions`);
  const unexplained: string[] = [];
  const used = new Set<string>();
  for (const question of all) {
    for (const difference of await differences(question)) {
      const known = DIFFERENCES.find((one) => one.holds(question, difference));
      if (known === undefined) unexplained.push(`${question.path} (${question.by}): ${JSON.stringify(difference)}`);
      else used.add(known.why);
    }
  }
  assert.deepEqual(unexplained, []);
  assert.deepEqual(
    DIFFERENCES.map(({ why }) => why).filter((why) => !used.has(why)),
    [],
    'reasons that excuse nothing',
  );
});

for (const level of ['studies', 'series', 'instances']) {
  test(`Q-P9 what remains of /${level} is what the archive itself has beyond the page`, { skip }, async () => {
    for (const match of ['', '&PatientSex=M']) {
      const theirs = await fetch(`${orthanc.httpUrl}/dicom-web/${level}?${match.slice(1)}`, { headers: JSON_ONLY });
      const { length: all } = (await theirs.json()) as unknown[];
      for (const [limit, offset] of [
        [5, 3],
        [2, 9],
      ] as const) {
        const ours = await fetch(`${gateway.url}/${level}?limit=${limit}&offset=${offset}${match}`);
        const { length: page } = (await ours.json()) as unknown[];
        assert.deepEqual([page, remainingOf(ours.headers)], [limit, all - offset - limit], match);
      }
    }
  });
}

async function differences(question: Question) {
  const [ours, theirs] = await Promise.all([ask(gateway.url, question), ask(`${orthanc.httpUrl}/dicom-web`, question)]);
  return differencesOf(question, ours, theirs);
}
