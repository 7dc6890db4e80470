// TABLE flag ↔ path ↔ environment variable ↔ meaning: what the command line takes, and the names of every setting.

import { ConfigSchema } from './schema.ts';

/** The part of JSON Schema that the configuration uses. */
export type Schema = {
  type?: string;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  items?: Schema;
  default?: unknown;
  description?: string;
  /** What a value should be, in words. */
  expects?: string;
};

export type Setting = {
  /** Path in the YAML file, for example `http.port` or `pacs[N].port`. */
  path: string;
  /** For example `DICOMWEB_HTTP_PORT` or `DICOMWEB_PACS_N_PORT`. */
  env: string;
  flag?: string;
  description: string;
  default?: unknown;
};

/** `path` of `config` is empty: it names the file, and is no setting itself. */
export const FLAGS = [
  { flag: 'pacs', path: 'pacs', value: 'AET@host:port', description: 'a PACS behind the gateway; repeatable' },
  { flag: 'default-pacs', path: 'defaultPacs', value: 'AET', description: 'the PACS of the base path; else all' },
  { flag: 'store-pacs', path: 'storePacs', value: 'AET', description: 'the PACS that uploads at the base path go to' },
  { flag: 'aet', path: 'aeTitle', value: 'AET', description: 'AE title of the gateway' },
  { flag: 'dicom-host', path: 'dicom.host', value: 'HOST', description: 'address the DICOM listener binds' },
  { flag: 'dicom-port', path: 'dicom.port', value: 'PORT', description: 'port of the DICOM listener; 0: any' },
  { flag: 'host', path: 'http.host', value: 'HOST', description: 'address the web server binds' },
  { flag: 'port', path: 'http.port', value: 'PORT', description: 'port of the web server; 0: any' },
  { flag: 'base-path', path: 'http.basePath', value: 'PATH', description: 'path of the DICOMweb services' },
  { flag: 'public-url', path: 'http.publicUrl', value: 'URL', description: 'base URL as clients see it' },
  { flag: 'cache-dir', path: 'cache.dir', value: 'DIR', description: 'folder of retrieved instances' },
  { flag: 'config', path: '', value: 'FILE', description: 'YAML file with any of the settings' },
  { flag: 'log-level', path: 'log.level', value: 'LEVEL', description: 'fatal, error, warn, info, debug, trace' },
] as const;

/** For `parseArgs` of node:util. */
export function flagOptions(): Record<string, { type: 'string'; multiple?: boolean }> {
  return Object.fromEntries(
    FLAGS.map(({ flag }) => [flag, flag === 'pacs' ? { type: 'string', multiple: true } : { type: 'string' }]),
  );
}

/** `['http', 'basePath']` → `DICOMWEB_HTTP_BASE_PATH`. */
export function envName(path: readonly (string | number)[]): string {
  const words = path.map((step) =>
    String(step)
      .replace(/(?<=[a-z])[A-Z]/g, (capital) => `_${capital}`)
      .toUpperCase(),
  );
  return ['DICOMWEB', ...words].join('_');
}

/** `['pacs', 0, 'port']` → `pacs[0].port`. */
export function pathName(path: readonly (string | number)[]): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index > 0 ? `.${step}` : step)).join('');
}

/** Every setting in the order of the schema; the settings of a PACS stand with `N` for its place in the list. */
export function settings(): Setting[] {
  const found: Setting[] = [];
  const walk = (schema: Schema, path: string[]): void => {
    for (const [key, child] of Object.entries(schema.properties ?? {})) {
      const here = [...path, key];
      if (child.properties === undefined) found.push(settingOf(child, here));
      else walk(child, here);
      if (child.items?.properties !== undefined) walk(child.items, [...here, 'N']);
    }
  };
  walk(ConfigSchema, []);
  return found;
}

function settingOf(schema: Schema, steps: string[]): Setting {
  const path = steps.join('.').replaceAll('.N', '[N]');
  const flag = FLAGS.find((row) => row.path === path)?.flag;
  return {
    path,
    env: envName(steps),
    ...(flag === undefined ? {} : { flag: `--${flag}` }),
    description: schema.description ?? '',
    ...(schema.default === undefined ? {} : { default: schema.default }),
  };
}

/** The options of the command line, one a line, with their defaults. */
export function optionsHelp(): string {
  const all = settings();
  const rows = FLAGS.map(({ flag, path, value, description }) => {
    const standard = path === 'cache.dir' ? '~/.cache/dicomweb-gateway' : all.find((row) => row.path === path)?.default;
    return [`--${flag} ${value}`, standard === undefined ? description : `${description} (default ${standard})`];
  });
  return columns(rows);
}

/** Every setting with its environment variable and default, one a line. */
export function settingsHelp(): string {
  return columns(
    settings().map(({ path, env, description, default: standard }) => [
      path,
      env,
      standard === undefined ? description : `${description} (default ${JSON.stringify(standard)})`,
    ]),
  );
}

function columns(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd()).join('\n');
}
