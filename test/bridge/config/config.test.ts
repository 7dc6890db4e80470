// The configuration: what wins over what, and that every wrong value is named by its path and its source.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseArgs } from 'node:util';
import { type Config, loadConfig, parsePeer } from '../../../src/bridge/config/config.ts';
import { flagOptions, optionsHelp, settings, settingsHelp } from '../../../src/bridge/config/options.ts';
import { DicomError } from '../../../src/dimse/errors.ts';

const dir = mkdtempSync(join(tmpdir(), 'config-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'gateway.yaml');

type Sources = { yaml?: string; env?: Record<string, string>; args?: string[] };

function load({ yaml, env = {}, args = ['--pacs', 'A@h:104'] }: Sources): Config {
  if (yaml !== undefined) writeFileSync(file, yaml);
  const { values } = parseArgs({ args, options: flagOptions() });
  return loadConfig({ env, flags: values, ...(yaml === undefined ? {} : { file }) });
}

test('one PACS is all that has to be said', () => {
  const config = load({ env: { HOME: '/home/x' } });
  assert.equal(config.aeTitle, 'GATEWAY');
  assert.deepEqual([config.dicom.host, config.dicom.port], ['127.0.0.1', 11112]);
  assert.deepEqual([config.http.host, config.http.port, config.http.basePath], ['127.0.0.1', 8080, '/dicomweb']);
  assert.equal(config.cache.dir, '/home/x/.cache/dicomweb-gateway');
  assert.equal(config.log.level, 'info');
  assert.equal(config.pacs[0]?.retrieve, 'auto');
});

test('no other origin is let in unasked: a page could read what a gateway on loopback knows', () => {
  assert.deepEqual(load({}).http.corsOrigins, []);
  assert.deepEqual(load({ env: { DICOMWEB_HTTP_CORS_ORIGINS: 'https://a.example, *' } }).http.corsOrigins, [
    'https://a.example',
    '*',
  ]);
});

test('the cache goes where XDG says', () => {
  assert.equal(load({ env: { XDG_CACHE_HOME: '/x' } }).cache.dir, '/x/dicomweb-gateway');
});

test('flags win over the environment, that over the file, that over defaults', () => {
  const yaml = 'http: { port: 1, host: file, basePath: /file }\naeTitle: FILE';
  const env = { DICOMWEB_HTTP_PORT: '2', DICOMWEB_HTTP_HOST: 'env' };
  const { http, aeTitle } = load({ yaml, env, args: ['--pacs', 'A@h:104', '--port', '3'] });
  assert.deepEqual([http.port, http.host, http.basePath, aeTitle], [3, 'env', '/file', 'FILE']);
});

test('several PACS by flags take the place of those of the file', () => {
  const { pacs } = load({ yaml: 'pacs: [X@x:1, Y@y:2, Z@z:3]', args: ['--pacs', 'A@h:104', '--pacs', 'B@[::1]:105'] });
  assert.deepEqual(
    pacs.map(({ aeTitle, host, port }) => [aeTitle, host, port]),
    [
      ['A', 'h', 104],
      ['B', '::1', 105],
    ],
  );
});

test('PACS by the environment, and one setting of one of them', () => {
  const env = { DICOMWEB_PACS: 'A@h:1, B@h:2', DICOMWEB_PACS_1_TIMEOUTS_RESPONSE: '5' };
  const { pacs } = load({ env, args: [] });
  assert.deepEqual(
    pacs.map(({ timeouts }) => timeouts.response),
    [60_000, 5],
  );
});

test('a PACS in the file is a text or its settings', () => {
  const yaml = 'pacs:\n  - A@h:1\n  - { aeTitle: B, host: h, port: 2, retrieve: move, timeouts: { connect: 7 } }';
  const { pacs } = load({ yaml, args: [] });
  assert.deepEqual(
    pacs.map(({ retrieve }) => retrieve),
    ['auto', 'move'],
  );
  assert.deepEqual(
    pacs.map(({ timeouts }) => timeouts.connect),
    [10_000, 7],
  );
});

test('freshness is a policy in words, in the file and in the environment', () => {
  assert.equal(load({}).cache.freshness, 'after 60 s');
  for (const freshness of ['always', 'never', 'after 5 s']) {
    assert.equal(load({ yaml: `cache: { freshness: ${freshness} }` }).cache.freshness, freshness);
    assert.equal(load({ env: { DICOMWEB_CACHE_FRESHNESS: freshness } }).cache.freshness, freshness);
  }
});

test('cache: off keeps nothing, by the word, in the file and in the environment; the rest of the cache stays as it is', () => {
  assert.equal(load({}).cache.enabled, true);
  for (const yaml of ['cache: off', 'cache: "off"', 'cache: false', 'cache: { enabled: false }']) {
    const { enabled, dir: folder } = load({ yaml, env: { DICOMWEB_CACHE_DIR: '/c' } }).cache;
    assert.deepEqual([enabled, folder], [false, '/c'], yaml);
  }
  assert.equal(load({ env: { DICOMWEB_CACHE_ENABLED: 'false' } }).cache.enabled, false);
  assert.equal(load({ yaml: 'cache: off', env: { DICOMWEB_CACHE_ENABLED: 'true' } }).cache.enabled, true);
});

test('DICOMWEB_CONFIG and --config name the file', () => {
  writeFileSync(file, 'aeTitle: BYFILE');
  assert.equal(load({ env: { DICOMWEB_CONFIG: file } }).aeTitle, 'BYFILE');
  assert.equal(load({ args: ['--config', file, '--pacs', 'A@h:1'] }).aeTitle, 'BYFILE');
});

test('variables that Kubernetes sets for a service of this name are not settings', () => {
  const env = {
    DICOMWEB_SERVICE_HOST: '10.0.0.1',
    DICOMWEB_PORT: 'tcp://10.0.0.1:80',
    DICOMWEB_PORT_80_TCP_PROTO: 'tcp',
  };
  assert.equal(load({ env }).http.port, 8080);
});

const REFUSED: [what: string, Sources, line: string][] = [
  [
    'a policy of freshness that there is not',
    { yaml: 'cache: { freshness: sometimes }' },
    `config: cache.freshness (from ${file}): expected always, never, or after N s`,
  ],
  ['no PACS', { args: [] }, 'config: pacs: expected at least one PACS, for example --pacs ORTHANC@127.0.0.1:4242'],
  [
    'a port of the file',
    { yaml: 'pacs: [A@h:99999]', args: [] },
    `config: pacs[0].port (from ${file}): expected integer between 1 and 65535`,
  ],
  [
    'a port by flag',
    { args: ['--pacs', 'A@h:1', '--port', 'x'] },
    'config: http.port (from --port): expected integer between 0 and 65535',
  ],
  [
    'a port by the environment',
    { env: { DICOMWEB_DICOM_PORT: '-1' } },
    'config: dicom.port (from DICOMWEB_DICOM_PORT): expected integer between 0 and 65535',
  ],
  ['a PACS without a port', { args: ['--pacs', 'A@h'] }, 'config: pacs[0] (from --pacs): expected AET@host:port'],
  [
    'a key of the file',
    { yaml: 'http: { prot: 1 }' },
    `config: http.prot (from ${file}): unknown setting; known here: host, port,`,
  ],
  [
    'a variable',
    { env: { DICOMWEB_HTPT_PORT: '1' } },
    'config: DICOMWEB_HTPT_PORT (from the environment): unknown setting',
  ],
  [
    'a word that is not of the list',
    { args: ['--pacs', 'A@h:1', '--log-level', 'loud'] },
    'config: log.level (from --log-level): expected one of fatal, error,',
  ],
  [
    'a boolean',
    { env: { DICOMWEB_HTTP_STRICT_ACCEPT: 'yes' } },
    'config: http.strictAccept (from DICOMWEB_HTTP_STRICT_ACCEPT): expected boolean',
  ],
  [
    'UL-23 an AE title too long',
    { args: ['--pacs', 'ABCDEFGHIJKLMNOPQ@h:1'] },
    'config: pacs[0].aeTitle (from --pacs): expected an AE title',
  ],
  [
    'UL-23 an AE title with a backslash',
    { args: ['--pacs', 'A@h:1', '--aet', 'A\\B'] },
    'config: aeTitle (from --aet): expected an AE title',
  ],
  [
    'UL-23 an AE title of spaces',
    { args: ['--pacs', 'A@h:1', '--aet', '  '] },
    'config: aeTitle (from --aet): expected an AE title',
  ],
  [
    'a base path with a slash at its end',
    { args: ['--pacs', 'A@h:1', '--base-path', '/x/'] },
    'config: http.basePath (from --base-path): expected a path',
  ],
  [
    'a public URL that is none',
    { args: ['--pacs', 'A@h:1', '--public-url', 'ftp://x'] },
    'config: http.publicUrl (from --public-url): expected an absolute',
  ],
  ['a group that is a value', { yaml: 'http: 7' }, `config: http (from ${file}): expected object`],
  [
    'two PACS of one AE title',
    { args: ['--pacs', 'A@h:1', '--pacs', 'A@h:2'] },
    'config: pacs[1].aeTitle: already the AE title of pacs[0]',
  ],
  [
    'a file that is not there',
    { args: ['--config', '/nowhere/x.yaml'] },
    'config: /nowhere/x.yaml cannot be read: ENOENT',
  ],
  ['a file that is no YAML', { yaml: 'a: [' }, `config: ${file} cannot be read: `],
  ['a file that is a list', { yaml: '- a' }, `config: ${file}: expected settings by name`],
];

for (const [what, sources, line] of REFUSED) {
  test(`${what} is refused with its path and source`, () => {
    assert.throws(
      () => load(sources),
      (error) => {
        assert.ok(error instanceof DicomError && error.kind === 'malformed');
        assert.ok(
          error.message.split('\n').some((one) => one.startsWith(line)),
          `${error.message}\nlacks\n${line}`,
        );
        return true;
      },
    );
  });
}

for (const [what, secret] of [
  ['an alias', '*Geheimnis'],
  ['a tag', '!Geheimnis'],
  ['a block', '|Geheimnis'],
] as const) {
  test(`a secret that YAML takes for ${what} is in no message and no warning`, async (t) => {
    const warnings: string[] = [];
    const note = (warning: Error) => void warnings.push(warning.message);
    process.on('warning', note);
    t.after(() => process.off('warning', note));
    const yaml = `pacs:\n  - aeTitle: A\n    userIdentity:\n      secret: ${secret}\n`;
    assert.throws(
      () => load({ yaml, args: [] }),
      (error) => error instanceof Error && /^config: /.test(error.message) && !/Geheimnis/.test(error.message),
    );
    await new Promise(setImmediate);
    assert.deepEqual(warnings, []);
  });
}

test('all that is wrong is said at once', () => {
  const yaml = 'http: { port: 0.5 }\nlog: { level: loud }';
  assert.throws(
    () => load({ yaml }),
    (error) => error instanceof Error && error.message.split('\n').length === 2,
  );
});

test('every setting has a name in the environment that sets it', () => {
  for (const { env, path, default: standard } of settings()) {
    if (standard === undefined || path.includes('[N]')) continue;
    const text = Array.isArray(standard) ? standard.join(',') : String(standard);
    assert.doesNotThrow(() => load({ env: { [env]: text } }), `${env}=${text}`);
  }
});

test('every setting is described', () => {
  assert.deepEqual(
    settings().filter(({ description }) => description === ''),
    [],
  );
});

test('the help names every flag and every variable', () => {
  for (const flag of Object.keys(flagOptions())) assert.match(optionsHelp(), new RegExp(`^  --${flag} `, 'm'));
  for (const { env } of settings()) assert.ok(settingsHelp().includes(` ${env} `));
});

test('a peer is AET@host:port', () => {
  assert.deepEqual(parsePeer('MY PACS@pacs.example:104'), { aeTitle: 'MY PACS', host: 'pacs.example', port: 104 });
  assert.deepEqual(parsePeer('A@[fe80::1]:104'), { aeTitle: 'A', host: 'fe80::1', port: 104 });
  for (const text of ['', 'A', 'A@h', '@h:1', 'A@:1', 'A@h:x', 'A@::1:104']) assert.equal(parsePeer(text), undefined);
});

test('the PACS of the base path and that of uploads are said by file, environment and flag', () => {
  const args = ['--pacs', 'A@h:104', '--pacs', 'B@h:105'];
  const roles = ({ defaultPacs, storePacs }: Config) => [defaultPacs, storePacs];
  assert.deepEqual(roles(load({ args })), [undefined, undefined]);
  assert.deepEqual(roles(load({ args, yaml: 'defaultPacs: A\nstorePacs: B' })), ['A', 'B']);
  assert.deepEqual(roles(load({ args, env: { DICOMWEB_DEFAULT_PACS: 'B', DICOMWEB_STORE_PACS: 'A' } })), ['B', 'A']);
  assert.deepEqual(roles(load({ args: [...args, '--default-pacs', 'B', '--store-pacs', 'B'] })), ['B', 'B']);
  for (const role of ['defaultPacs', 'storePacs']) {
    assert.throws(() => load({ args, yaml: `${role}: C` }), new RegExp(`${role}.*expected.*one of A, B`));
  }
});
