#!/usr/bin/env -S node --max-semi-space-size=4
// The process and its commands: serve, demo, check. Everything that can go wrong at start ends it with one plain line.

import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Logger, pino } from 'pino';
import { Cache } from './bridge/cache/cache.ts';
import { check, printChecks } from './bridge/check/check.ts';
import { type Config, loadConfig } from './bridge/config/config.ts';
import { flagOptions, optionsHelp, settingsHelp } from './bridge/config/options.ts';
import { createGateway } from './bridge/gateway.ts';
import { startDemo } from './demo/demo.ts';
import { DicomError } from './dimse/errors.ts';
import { buildApp } from './http/app.ts';
import { createRenderer } from './render/render.ts';

/** Characters of log lines that wait for a slow reader; what comes on top is lost. */
const MAX_LOG_WAITING = 1 << 20;

/** How long requests under way may still take after the first signal to end. */
const SHUTDOWN_MS = 10_000;

const DEMO_FLAGS = { pacs: ['DEMOPACS@127.0.0.1:11113'] };

type Flags = Record<string, unknown>;

type Command = { summary: string; takes?: number; run: (flags: Flags, operands: string[]) => Promise<void> };

const COMMANDS: Record<string, Command> = {
  serve: { summary: 'answer DICOMweb in front of the given PACS', run: serve },
  demo: { summary: 'the gateway in front of an embedded PACS with phantom studies; same options', run: demo },
  check: {
    summary: 'say what each configured PACS can do, and what is wrong; gateways use what it learns; --json',
    run: checkPacs,
  },
  cache: {
    summary: 'clear [STUDY]: empty the cache, or of one study, while no gateway uses it',
    takes: 2,
    run: clearCache,
  },
};

function help(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)}${summary}`);
  return `dicomweb-gateway COMMAND [OPTIONS]: DICOMweb in front of a PACS that speaks DIMSE

Commands:
${commands.join('\n')}

Options (over the environment, over the file of --config, over the defaults):
${optionsHelp()}
  --json  (check) print the result as JSON
  --help  print this

Settings of the YAML file, and their environment variables:
${settingsHelp()}
`;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...flagOptions(), help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
  });
  const [name, ...rest] = positionals;
  if (values.help || name === 'help') {
    process.stdout.write(help());
    return;
  }
  const command = name === undefined ? undefined : COMMANDS[name];
  if (command === undefined || rest.length > (command.takes ?? 0)) {
    throw new DicomError('malformed', `expected one command of ${Object.keys(COMMANDS).join(', ')}; see --help`);
  }
  await command.run(values, rest);
}

/** Starts gateway and web server; resolves with the base URL when it is ready, and with what ends it. */
async function start(config: Config, log: Logger): Promise<{ baseUrl: string; close: () => Promise<void> }> {
  const gateway = await createGateway(config, { log });
  const renderer = createRenderer({ timeoutMs: config.limits.renderMs });
  const [app] = await Promise.all([
    buildApp(gateway, renderer, { ...config.http, limits: config.limits, logger: log }),
    renderer.rehearse(),
  ]);
  const close = async () => {
    await app.close();
    await gateway.close();
    await renderer.close();
  };
  try {
    const pacs = config.pacs.map(({ aeTitle, host, port }) => `${aeTitle}@${host}:${port}`).join(', ');
    const listenTextResolver = (address: string) =>
      `ready: DICOMweb at ${address}${config.http.basePath}, PACS ${pacs}`;
    const address = await app.listen({ host: config.http.host, port: config.http.port, listenTextResolver });
    const baseUrl = `${address}${config.http.basePath}`;
    return { baseUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Writes to standard output without ever waiting for its reader: one that reads no more, or has gone, must neither stop the
 * gateway nor its end. (What blocks in a thread of the pool holds up the exit of the process.)
 */
function createLog(level: string): Logger {
  const { stdout } = process;
  stdout.on('error', () => {});
  const write = (line: string): void => {
    if (stdout.writable && stdout.writableLength < MAX_LOG_WAITING) stdout.write(line);
  };
  return pino({ level }, { write });
}

/** The first SIGINT or SIGTERM ends in order, within a limit; the second one at once. */
function closeOnSignal(log: Logger, close: () => Promise<void>): void {
  let closing = false;
  const end = (signal: NodeJS.Signals) => {
    // An exit would still wait for threads that hang, in a disk that is gone for instance.
    const kill = () => process.kill(process.pid, 'SIGKILL');
    if (closing) kill();
    closing = true;
    log.info(`${signal}: closing`);
    setTimeout(kill, SHUTDOWN_MS).unref();
    close().then(
      () => process.exit(0),
      (error) => {
        log.error({ err: error }, 'closing failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}

async function serve(flags: Flags): Promise<void> {
  const config = loadConfig({ env: process.env, flags });
  const log = createLog(config.log.level);
  const { close } = await start(config, log);
  closeOnSignal(log, close);
}

/** The embedded PACS stands where the first PACS of the configuration is said to be. */
async function demo(flags: Flags): Promise<void> {
  const dir = join(tmpdir(), `dicomweb-gateway-demo-${randomUUID()}`);
  // An end that comes in the middle of the start waits for it and closes what it has opened; the folder goes last.
  const opened: (() => Promise<void>)[] = [() => rm(dir, { recursive: true, force: true, maxRetries: 5 })];
  let ending: Promise<void> | undefined;
  const config = loadConfig({ env: process.env, flags: { ...DEMO_FLAGS, 'cache-dir': join(dir, 'cache'), ...flags } });
  const log = createLog(config.log.level);
  let starting: Promise<void> | undefined;
  const end = async () => {
    await starting?.catch(() => undefined);
    for (const close of opened.toReversed()) await close();
  };
  const close = () => (ending ??= end());
  closeOnSignal(log, close);
  try {
    starting = startDemoIn(dir, config, log, opened);
    await starting;
  } catch (error) {
    await close();
    throw error;
  }
}

async function startDemoIn(dir: string, config: Config, log: Logger, opened: (() => Promise<void>)[]): Promise<void> {
  await mkdir(dir, { mode: 0o700 });
  const [{ aeTitle, port } = { aeTitle: '', port: 0 }] = config.pacs;
  const embedded = await startDemo({ dir, aeTitle, port, gateway: { ...config.dicom, aeTitle: config.aeTitle } });
  opened.push(embedded.close);
  const { baseUrl, close } = await start(config, log);
  opened.push(close);
  const commands = embedded.commands(baseUrl).map(({ title, command }) => `# ${title}\n${command}\n`);
  process.stdout.write(`\n${commands.join('\n')}\nCtrl-C ends the demo.\n\n`);
}

async function clearCache(flags: Flags, [what, study]: string[]): Promise<void> {
  if (what !== 'clear') throw new DicomError('malformed', 'cache: expected clear; see --help');
  const { cache: settings } = loadConfig({ env: process.env, flags: { ...DEMO_FLAGS, ...flags } });
  const cache = await Cache.open(settings);
  const count = cache.clear(study);
  await cache.idle();
  cache.close();
  process.stdout.write(`${count} instances taken out of the cache\n`);
}

async function checkPacs(flags: Flags): Promise<void> {
  const config = loadConfig({ env: process.env, flags });
  const log = (line: string) => process.stderr.write(`dicomweb-gateway: ${line}\n`);
  const results = await check(config, { log });
  process.stdout.write(flags.json ? `${JSON.stringify(results, undefined, 2)}\n` : printChecks(results));
  process.exitCode = results.some(({ state }) => state === 'fail') ? 1 : 0;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const plain = error instanceof DicomError || (error instanceof Error && 'code' in error);
  process.stderr.write(`dicomweb-gateway: ${plain ? error.message : error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});
