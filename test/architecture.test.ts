// Holds the shape of the source tree: who may import whom, and how large a file may grow.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const files = globSync('src/**/*.ts', { cwd: root }).sort();

/** The place of a file in the house; the longest prefix wins. */
const PLACES = [
  'src/dimse/data',
  'src/dimse/ul',
  'src/dimse',
  'src/bridge',
  'src/render',
  'src/http',
  'src/demo',
  'src/main.ts',
] as const;
type Place = (typeof PLACES)[number];

const MAY_IMPORT: Record<Place, readonly Place[]> = {
  'src/dimse/data': [],
  'src/dimse/ul': [],
  'src/dimse': ['src/dimse/ul', 'src/dimse/data'],
  'src/bridge': ['src/dimse', 'src/dimse/data'],
  'src/render': ['src/dimse/data'],
  'src/http': ['src/bridge', 'src/render', 'src/dimse', 'src/dimse/data'],
  'src/demo': ['src/dimse', 'src/dimse/data'],
  'src/main.ts': ['src/http', 'src/bridge', 'src/render', 'src/demo', 'src/dimse', 'src/dimse/data'],
};

/** What anybody may import of `src/dimse`: its face, the error class, and what crosses boundaries. */
const FACE_OF_DIMSE = ['src/dimse/index.ts', 'src/dimse/errors.ts', 'src/dimse/instance.ts'];

function placeOf(file: string): Place {
  const place = PLACES.find((candidate) => file === candidate || file.startsWith(`${candidate}/`));
  assert.ok(place, `${file} stands in no room of the house`);
  return place;
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/(?:from|import\(?)\s*'(\.[^']+)'/g);
  return [...found].map((match) => normalize(join(dirname(file), match[1] ?? '')));
}

for (const file of files) {
  test(`${file} imports only what its place may`, () => {
    const place = placeOf(file);
    for (const imported of importsOf(file)) {
      const target = placeOf(imported);
      if (target === place || imported === 'src/dimse/errors.ts') continue;
      assert.ok(MAY_IMPORT[place].includes(target), `${file} imports ${imported}`);
      if (target === 'src/dimse')
        assert.ok(FACE_OF_DIMSE.includes(imported), `${file} reaches past the face of src/dimse: ${imported}`);
    }
  });

  test(`${file} stays a small file`, () => {
    const lines = readFileSync(join(root, file), 'utf8').split('\n').length;
    assert.ok(lines <= 330, `${file} has ${lines} lines`);
  });
}

test('no file of src/dimse leads back to itself by its imports, those of types included', () => {
  const leadsTo = (file: string, seen = new Set<string>()): Set<string> => {
    for (const imported of importsOf(file)) if (!seen.has(imported)) leadsTo(imported, seen.add(imported));
    return seen;
  };
  const circular = files.filter((file) => file.startsWith('src/dimse/') && leadsTo(file).has(file));
  assert.deepEqual(circular, []);
});

test('no file is named for being a drawer', () => {
  const drawers = files.filter((file) => /(^|\/)(utils?|helpers?|common|types|misc)(\.ts|\/)/.test(file));
  assert.deepEqual(drawers, []);
});
