// The configuration: flags over environment over YAML file over defaults. A wrong value stops the start, named by its path
// and by where it came from.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { parse as parseYaml } from 'yaml';
import { encoder } from '../../dimse/data/charset-encode.ts';
import { DicomError } from '../../dimse/errors.ts';
import { envName, FLAGS, pathName, type Schema } from './options.ts';
import { type Config, ConfigSchema } from './schema.ts';
import { listenerTlsOf, requestorTlsOf } from './tls.ts';
import { userIdentityOf } from './user-identity.ts';

export type { Config, PacsConfig } from './schema.ts';

type Path = (string | number)[];
type Node = Record<string | number, unknown>;
/** One value from one place. */
type Entry = { path: Path; value: unknown; source: string };

export type ConfigSources = {
  /** YAML file; else that of the flag `config`, else that of DICOMWEB_CONFIG, else none. */
  file?: string;
  env: Record<string, string | undefined>;
  /** Values of `parseArgs` by flag name; flags that are no settings are left alone. */
  flags: Record<string, unknown>;
};

/** Throws `malformed` with one line per wrong value: path, source, and what was expected. */
export function loadConfig(sources: ConfigSources): Config {
  const { env, flags } = sources;
  const file = sources.file ?? textOf(flags.config) ?? env.DICOMWEB_CONFIG;
  const entries = [...(file ? fromFile(file) : []), ...fromEnv(env), ...fromFlags(flags)];
  const tree: Record<string, unknown> = { cache: { dir: cacheDir(env) } };
  const origins = new Map<string, string>();
  for (const entry of entries) place(tree, entry, origins);
  const candidate = Value.Default(ConfigSchema, tree);
  const problems = Value.Check(ConfigSchema, candidate) ? clashes(candidate) : problemsOf(candidate, origins);
  if (problems.length > 0) throw new DicomError('malformed', problems.join('\n'), { field: 'config' });
  return Value.Decode(ConfigSchema, candidate);
}

/** `AET@host:port`; an IPv6 address stands in brackets. */
export function parsePeer(text: string): { aeTitle: string; host: string; port: number } | undefined {
  const match = /^(.+)@(?:\[([^\]]+)\]|([^:@[\]]+)):(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const [, aeTitle = '', bracketed, plain, port] = match;
  return { aeTitle, host: bracketed ?? plain ?? '', port: Number(port) };
}

function fromFile(file: string): Entry[] {
  const text = trying(file, () => readFileSync(file, 'utf8'));
  // Its warnings would show the line that they are about, which may be a secret.
  const content: unknown = trying(file, () => parseYaml(text, { logLevel: 'error' }), withoutQuotation);
  if (content === null || content === undefined) return [];
  if (!isTree(content)) throw new DicomError('malformed', `config: ${file}: expected settings by name`);
  return leaves(content, [], file);
}

/** Throws `malformed` for what `step` fails with, in the words that `told` makes of its message. */
function trying<Result>(file: string, step: () => Result, told = (message: string) => message): Result {
  try {
    return step();
  } catch (cause) {
    const reason = cause instanceof Error ? told(cause.message) : '';
    throw new DicomError('malformed', `config: ${file} cannot be read: ${reason}`, { field: 'config', cause });
  }
}

/** What is wrong with YAML and where, but not what stands there: it may be a secret. */
function withoutQuotation(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/: .*?(?=( at line \d+, column \d+)?:?$)/, '');
}

function leaves(value: unknown, path: Path, source: string): Entry[] {
  const inList = typeof path.at(-1) === 'number';
  if (inList && path[0] === 'pacs' && typeof value === 'string') return peerEntries(value, path, source);
  if (path.join() === 'cache' && (value === 'off' || value === false)) {
    return [{ path: ['cache', 'enabled'], value: false, source }];
  }
  if (Array.isArray(value)) {
    // The empty list first: a list takes the place of the list of a weaker source, it doesn't mix with it.
    return [{ path, value: [], source }, ...value.flatMap((item, index) => leaves(item, [...path, index], source))];
  }
  if (!isTree(value) || Object.keys(value).length === 0) return [{ path, value, source }];
  return Object.entries(value).flatMap(([key, child]) => {
    if (key === '__proto__') throw new DicomError('malformed', `config: ${source}: unknown setting ${key}`);
    return leaves(child, [...path, key], source);
  });
}

function peerEntries(text: string, path: Path, source: string): Entry[] {
  const peer = parsePeer(text);
  if (peer === undefined) {
    throw new DicomError('malformed', `config: ${pathName(path)} (from ${source}): expected AET@host:port`);
  }
  return leaves(peer, path, source);
}

function fromFlags(flags: ConfigSources['flags']): Entry[] {
  return FLAGS.flatMap(({ flag, path }) => {
    const value = flags[flag];
    if (path === '' || value === undefined) return [];
    const steps = path.split('.');
    if (flag === 'pacs') return leaves(Array.isArray(value) ? value : [value], steps, `--${flag}`);
    return [{ path: steps, value: typed(String(value), schemaAt(steps)), source: `--${flag}` }];
  });
}

/** Variables that Kubernetes sets for a service named `dicomweb…`; they are not meant for us. */
const SERVICE_LINK = /_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$/;

function fromEnv(env: ConfigSources['env']): Entry[] {
  const names = Object.keys(env).filter((name) => name.startsWith('DICOMWEB_') && name !== 'DICOMWEB_CONFIG');
  return names.sort().flatMap((name) => {
    const text = env[name] ?? '';
    if (SERVICE_LINK.test(name) || /^(tcp|udp):\/\//.test(text)) return [];
    const path = pathOfEnv(name);
    if (path === undefined)
      throw new DicomError('malformed', `config: ${name} (from the environment): unknown setting`);
    const value = typed(text, schemaAt(path));
    return path[0] === 'pacs' && path.length === 1 ? leaves(value, path, name) : [{ path, value, source: name }];
  });
}

function pathOfEnv(name: string): Path | undefined {
  const walk = (schema: Schema, path: Path): Path | undefined => {
    if (path.length > 0 && envName(path) === name) return schema.properties === undefined ? path : undefined;
    const at = /^_(\d{1,3})(?=_)/.exec(name.slice(envName(path).length));
    if (schema.items !== undefined) return at === null ? undefined : walk(schema.items, [...path, Number(at[1])]);
    for (const [key, child] of Object.entries(schema.properties ?? {})) {
      const here = [...path, key];
      if (name !== envName(here) && !name.startsWith(`${envName(here)}_`)) continue;
      const found = walk(child, here);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(ConfigSchema, []);
}

function schemaAt(path: Path): Schema | undefined {
  let schema: Schema | undefined = ConfigSchema;
  for (const step of path) schema = typeof step === 'number' ? schema?.items : schema?.properties?.[step];
  return schema;
}

/** Text of a flag or variable as what the schema asks for; what doesn't fit stays text and fails the check. */
function typed(text: string, schema: Schema | undefined): unknown {
  if (schema?.type === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text;
  if (schema?.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (schema?.type === 'array') return text === '' ? [] : text.split(',').map((item) => item.trim());
  if (schema?.enum !== undefined) return schema.enum.find((value) => String(value) === text) ?? text;
  return text;
}

/** Puts a value into the tree and remembers where it came from. */
function place(tree: Record<string, unknown>, { path, value, source }: Entry, origins: Map<string, string>): void {
  let node: Node = tree;
  for (const [depth, step] of path.slice(0, -1).entries()) {
    const child = Object.hasOwn(node, step) ? node[step] : undefined;
    const next = (isNode(child) ? child : typeof path[depth + 1] === 'number' ? [] : {}) as Node;
    node[step] = next;
    node = next;
  }
  node[path.at(-1) ?? ''] = value;
  origins.set(pathName(path), source);
}

function problemsOf(candidate: unknown, origins: Map<string, string>): string[] {
  const problems = new Map<string, string>();
  for (const error of Value.Errors(ConfigSchema, candidate)) {
    const path = error.instancePath
      .split('/')
      .slice(1)
      .map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')));
    const missing = error.keyword === 'required' ? error.params.requiredProperties : [undefined];
    if (error.keyword === 'additionalProperties') continue;
    for (const key of missing) {
      const where = key === undefined ? path : [...path, key];
      const name = pathName(where);
      const source = origins.get(name) ?? origins.get(pathName(path));
      const from = source === undefined ? '' : ` (from ${source})`;
      if (!problems.has(name)) problems.set(name, `config: ${name}${from}: ${expectation(where)}`);
    }
  }
  return [...problems.values()];
}

function expectation(path: Path): string {
  const schema = schemaAt(path);
  if (schema === undefined) {
    const known = Object.keys(schemaAt(path.slice(0, -1))?.properties ?? {});
    return `unknown setting; known here: ${known.join(', ')}`;
  }
  if (schema.expects !== undefined) return `expected ${schema.expects}`;
  if (schema.enum !== undefined) return `expected one of ${schema.enum.join(', ')}`;
  if (schema.type === 'integer') return `expected integer between ${schema.minimum} and ${schema.maximum}`;
  return `expected ${schema.type}`;
}

/**
 * What the schema can't say: a PACS is known by its AE title, so two can't share one and roles are given by it; which charsets
 * can be written; and whether the files of TLS and of user identities are there and fit.
 */
function clashes(candidate: unknown): string[] {
  const { pacs, dicom, ...roles } = candidate as Config;
  const files = [
    () => listenerTlsOf(dicom.tls),
    ...pacs.map((one, index) => () => requestorTlsOf(one.tls, `pacs[${index}].tls`)),
    ...pacs.map((one, index) => () => userIdentityOf(one.userIdentity, `pacs[${index}].userIdentity`)),
  ];
  const ofPacs = pacs.flatMap(({ aeTitle, charset }, index) => {
    const first = pacs.findIndex((other) => other.aeTitle === aeTitle);
    const twice = first === index ? [] : [`config: pacs[${index}].aeTitle: already the AE title of pacs[${first}]`];
    return canWrite(charset)
      ? twice
      : [...twice, `config: pacs[${index}].charset: expected one like ISO_IR 192, ISO_IR 100`];
  });
  return [...ofPacs, ...strangers(roles, pacs), ...files.flatMap(messageOf)];
}

/** Roles are given to PACS that there are. */
function strangers(roles: Pick<Config, 'defaultPacs' | 'storePacs'>, pacs: Config['pacs']): string[] {
  const names = pacs.map(({ aeTitle }) => aeTitle);
  return (['defaultPacs', 'storePacs'] as const).flatMap((role) => {
    const name = roles[role];
    if (name === undefined || names.includes(name)) return [];
    return [`config: ${role}: expected the AE title of a PACS, one of ${names.join(', ')}`];
  });
}

function messageOf(attempt: () => unknown): string[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
    return [error.message];
  }
}

function canWrite(charset: string): boolean {
  try {
    encoder(charset);
    return true;
  } catch {
    return false;
  }
}

function cacheDir(env: ConfigSources['env']): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'dicomweb-gateway');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}
