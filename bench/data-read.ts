// Reading headers side by side with dicom-parser (offsets only) and dcmjs, over the same files in the same run.
// node bench/data-read.ts [rounds]; DICOM_CORPUS names the folder of files. Writing JSON is measured beside.

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Dataset } from '../src/dimse/data/dataset.ts';
import { toJson } from '../src/dimse/data/json.ts';
import { readFileMeta } from '../src/dimse/data/part10.ts';
import { readElements } from '../src/dimse/data/reader.ts';
import { corpusDir } from '../test/support/corpus.ts';

type DicomParser = { parseDicom(bytes: Uint8Array, options: { untilTag: string }): unknown };
type Dcmjs = {
  data: {
    DicomMessage: { readFile(bytes: ArrayBuffer, options: { untilTag: string; ignoreErrors: boolean }): unknown };
  };
  log: { setLevel(level: string): void };
};
// dcmjs prints what it finds wrong; its loggers take the console's methods when it is loaded.
const { log: print } = console;
for (const method of ['log', 'info', 'warn', 'error'] as const) console[method] = () => {};
const load = createRequire(import.meta.url);
const dicomParser: DicomParser = load('dicom-parser');
const dcmjs: Dcmjs = load('dcmjs');

const ROUNDS = Number(process.argv[2] ?? 15);
const UNTIL = '7FE00010';

type Subject = { name: string; bytes: Buffer; buffer: ArrayBuffer; elements: number };

function readOurs(bytes: Buffer): Dataset {
  const { dataOffset, transferSyntaxUid } = readFileMeta(bytes);
  return readElements(bytes.subarray(dataOffset), transferSyntaxUid, { until: UNTIL }).dataset;
}

function countElements(dataset: Dataset): number {
  return Object.values(dataset).reduce((sum, { vr, Value: values = [] }) => {
    return (
      sum + 1 + (vr === 'SQ' ? values.reduce<number>((inner, item) => inner + countElements(item as Dataset), 0) : 0)
    );
  }, 0);
}

const READERS: Record<string, (subject: Subject) => unknown> = {
  ours: ({ bytes }) => readOurs(bytes),
  'ours and JSON': ({ bytes }) => toJson(readOurs(bytes)),
  'dicom-parser': ({ bytes }) => dicomParser.parseDicom(bytes, { untilTag: 'x7fe00010' }),
  dcmjs: ({ buffer }) => dcmjs.data.DicomMessage.readFile(buffer, { untilTag: UNTIL, ignoreErrors: true }),
};

/** Processor time of this process: the machine may have other work. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The files that all readers read without an error. */
function subjects(dir: string): Subject[] {
  const found: Subject[] = [];
  for (const name of readdirSync(dir).filter((file) => file.endsWith('.dcm'))) {
    const bytes = readFileSync(join(dir, name));
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    try {
      const subject = { name, bytes, buffer, elements: countElements(readOurs(bytes)) };
      for (const read of Object.values(READERS)) read(subject);
      found.push(subject);
    } catch {
      // not a file for all of them
    }
  }
  return found;
}

const dir = corpusDir();
if (dir === undefined) throw new Error('no DICOM corpus: set DICOM_CORPUS to its folder');
dcmjs.log.setLevel('silent');
const files = subjects(dir);
const elements = files.reduce((sum, subject) => sum + subject.elements, 0);
print(
  `${files.length} files, ${elements} elements before the pixel data, best of ${ROUNDS} rounds by turns, processor time`,
);

const best: Record<string, number> = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [reader, read] of Object.entries(READERS)) {
    const start = cpuMs();
    for (const subject of files) read(subject);
    best[reader] = Math.min(best[reader] ?? Number.POSITIVE_INFINITY, cpuMs() - start);
  }
}
const { ours = 1 } = best;
for (const [reader, ms] of Object.entries(best)) {
  const each = ((ms * 1000) / elements).toFixed(3);
  print(
    `${reader.padEnd(14)} ${ms.toFixed(1).padStart(8)} ms  ${each} µs an element  ${(ms / ours).toFixed(2)} of ours`,
  );
}
