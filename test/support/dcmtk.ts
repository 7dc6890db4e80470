// DCMTK's applications as peers and as oracles: dcmqrscp (archive), storescp (storage), getscu and movescu.
// The association profiles are generated here, so that every transfer syntax is taken and handed out as stored.

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, type Peer, probeTcp, runTool, runToolOk, tempDir } from './peer.ts';

export type Destination = { host: string; port: number };
/** Whom a tool calls. */
export type Called = Destination & { aeTitle: string };
export type PeerResource = { study: string; series?: string; instance?: string };

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
/** Storage SOP classes (PS3.4 B.5) that a peer accepts whatever it is loaded with; the classes of its files come on top. */
const STORAGE_CLASSES = [
  ...['1', '1.1', '1.1.1', '1.2', '1.2.1', '1.3', '2', '2.1', '2.2', '3.1', '4', '4.1', '4.2', '4.3', '6.1', '6.2'],
  ...['7', '7.1', '7.2', '7.3', '7.4', '9.1.1', '9.1.2', '9.1.3', '9.2.1', '9.3.1', '9.4.1', '11.1', '11.2', '11.3'],
  ...['11.4', '12.1', '12.1.1', '12.2', '12.2.1', '13.1.1', '13.1.3', '20', '30', '66', '66.1', '66.2', '66.3', '66.4'],
  ...['66.5', '66.7', '67', '77.1.1', '77.1.1.1', '77.1.2', '77.1.4', '77.1.4.1', '77.1.5.1', '77.1.5.2', '77.1.5.4'],
  ...['77.1.6', '88.11', '88.22', '88.33', '88.34', '88.59', '88.67', '91.1', '104.1', '104.2', '104.3', '128', '130'],
  ...['481.1', '481.2', '481.3', '481.4', '481.5', '481.8', '3', '6'],
].map((suffix) => STORAGE + suffix);

const TS = '1.2.840.10008.1.2';
/** Everything that exists, in order of preference as an acceptor: compressed first, or a C-GET would get the uncompressed. */
const TRANSFER_SYNTAXES = [
  ...['.4.50', '.4.51', '.4.53', '.4.55', '.4.57', '.4.70', '.4.80', '.4.81', '.4.90', '.4.91', '.4.92', '.4.93'],
  ...['.4.100', '.4.101', '.4.102', '.4.103', '.4.104', '.4.105', '.4.106', '.4.107', '.4.108', '.4.110', '.4.111'],
  ...['.4.112', '.4.201', '.4.202', '.4.203', '.5', '.8.1', '.1.99', '.1', '.2', ''],
].map((suffix) => TS + suffix);

const VERIFICATION = '1.2.840.10008.1.1';
const QUERY_RETRIEVE = ['1.1', '1.2', '1.3', '2.1', '2.2', '2.3', '3.1', '3.2', '3.3'].map(
  (suffix) => `1.2.840.10008.5.1.4.1.2.${suffix}`,
);
const MAX_CONTEXTS = 128;

type Pair = { sopClass: string; transferSyntax: string };

/** SOP class and transfer syntax of each Part 10 file, as its file meta information states them; asked of dcmdump. */
export async function filePairs(files: readonly string[]): Promise<Pair[]> {
  const pairs = new Map<string, Pair>();
  for (let start = 0; start < files.length; start += 200) {
    const { output } = await runTool('dcmdump', [
      '-q',
      '-Un',
      '+F',
      '+P',
      '0002,0002',
      '+P',
      '0002,0010',
      ...files.slice(start, start + 200),
    ]);
    for (const block of output.split(/^# dcmdump .*$/m)) {
      const sopClass = /\(0002,0002\) UI \[([^\]]*)\]/.exec(block)?.[1];
      const transferSyntax = /\(0002,0010\) UI \[([^\]]*)\]/.exec(block)?.[1];
      if (sopClass !== undefined && transferSyntax !== undefined) {
        pairs.set(`${sopClass}\\${transferSyntax}`, { sopClass, transferSyntax });
      }
    }
  }
  return [...pairs.values()];
}

/**
 * Text of an association profile file. `In` accepts every storage class in the given syntaxes, in both roles (C-GET).
 * `Out` proposes one context for each class, with every syntax in it: dcmqrscp 3.6.7 sends each C-STORE of a C-MOVE on the
 * first context accepted for the class, so the acceptor's choice decides. `Pairs` has one context for each given pair.
 */
export function associationConfig(
  pairs: readonly Pair[],
  transferSyntaxes: readonly string[] = TRANSFER_SYNTAXES,
): string {
  const classes = [...new Set([...pairs.map((pair) => pair.sopClass), ...STORAGE_CLASSES])];
  const known = pairs.filter((pair) => TRANSFER_SYNTAXES.includes(pair.transferSyntax));
  const lines = [
    '[[TransferSyntaxes]]',
    ...section('Accepted', 'TransferSyntax', transferSyntaxes),
    ...section('Any', 'TransferSyntax', TRANSFER_SYNTAXES),
    ...section('Uncompressed', 'TransferSyntax', [`${TS}.1`, TS, `${TS}.2`]),
    ...TRANSFER_SYNTAXES.flatMap((uid, index) => section(`T${index}`, 'TransferSyntax', [uid])),
    '[[PresentationContexts]]',
    ...section('Incoming', 'PresentationContext', [
      ...[VERIFICATION, ...QUERY_RETRIEVE].map((uid) => `${uid}\\Uncompressed`),
      ...classes.map((uid) => `${uid}\\Accepted`),
    ]),
    ...section(
      'Outgoing',
      'PresentationContext',
      classes.slice(0, MAX_CONTEXTS).map((uid) => `${uid}\\Any`),
    ),
    ...section('Pairs', 'PresentationContext', [
      `${VERIFICATION}\\Uncompressed`,
      ...known.map((pair) => `${pair.sopClass}\\T${TRANSFER_SYNTAXES.indexOf(pair.transferSyntax)}`),
    ]),
    '[[SCPSCURoleSelection]]',
    ...section(
      'Both',
      'Role',
      classes.map((uid) => `${uid}\\BOTH`),
    ),
    '[[Profiles]]',
    ...['[In]', 'PresentationContexts = Incoming', 'SCPSCURoleSelection = Both'],
    ...['[Out]', 'PresentationContexts = Outgoing'],
    ...['[Pairs]', 'PresentationContexts = Pairs'],
  ];
  return `${lines.join('\n')}\n`;
}

function section(name: string, key: string, values: readonly string[]): string[] {
  return [`[${name}]`, ...values.map((value, index) => `${key}${index + 1} = ${value}`)];
}

/** Starts dcmqrscp, loads the files as they are, and tells it where the given AE titles listen. */
export async function startDcmqrscp(
  options: {
    files?: readonly string[];
    moveDestinations?: Record<string, Destination>;
    aeTitle?: string;
    maxPduLength?: number;
    log?: boolean;
  } = {},
): Promise<Peer> {
  const { files = [], moveDestinations = {}, aeTitle = 'DCMQRSCP', maxPduLength = 16384 } = options;
  const profile = associationConfig(await filePairs(files));
  const peer = await launch({
    program: 'dcmqrscp',
    aeTitle,
    probe: (port) => echo(port, aeTitle),
    async prepare(dir, port) {
      await mkdir(join(dir, 'db'));
      await writeFile(join(dir, 'association.cfg'), profile);
      await writeFile(join(dir, 'dcmqrscp.cfg'), archiveConfig({ dir, port, aeTitle, maxPduLength, moveDestinations }));
      return [...(options.log ? ['-v'] : []), '-c', 'dcmqrscp.cfg', '-xf', 'association.cfg', 'In', 'Out'];
    },
  });
  return loaded(peer, files);
}

function archiveConfig(options: {
  dir: string;
  port: number;
  aeTitle: string;
  maxPduLength: number;
  moveDestinations: Record<string, Destination>;
}): string {
  const hosts = Object.entries(options.moveDestinations).map(
    ([aeTitle, { host, port }], index) => `destination${index} = (${aeTitle}, ${host}, ${port})`,
  );
  return [
    `NetworkTCPPort = ${options.port}`,
    `MaxPDUSize = ${options.maxPduLength}`,
    'MaxAssociations = 64',
    'HostTable BEGIN',
    ...hosts,
    'HostTable END',
    'VendorTable BEGIN',
    'VendorTable END',
    'AETable BEGIN',
    // 500 studies and 1 GiB are the most it takes.
    `${options.aeTitle} ${join(options.dir, 'db')} RW (500, 1024mb) ANY`,
    'AETable END',
    '',
  ].join('\n');
}

async function loaded(peer: Peer, files: readonly string[]): Promise<Peer> {
  try {
    if (files.length > 0) await sendFiles(peer, files);
    return peer;
  } catch (error) {
    await peer.stop();
    throw error;
  }
}

/**
 * C-STOREs files with storescu in the transfer syntax they are stored in. One context for each (class, syntax) pair: with
 * the uncompressed syntaxes in one context, as dcmsend proposes them, Implicit VR files would arrive as Explicit VR.
 */
export async function sendFiles(peer: Called, files: readonly string[]): Promise<void> {
  const dir = await tempDir();
  try {
    await writeFile(join(dir, 'association.cfg'), associationConfig(await filePairs(files)));
    const profile = ['-xf', join(dir, 'association.cfg'), 'Pairs'];
    await runToolOk('storescu', [
      '-ll',
      'error',
      ...profile,
      '-aec',
      peer.aeTitle,
      peer.host,
      String(peer.port),
      ...files,
    ]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Starts storescp, which keeps what it is sent, byte for byte; `files()` lists it. Given syntaxes are all that it accepts. */
export async function startStorescp(
  options: { aeTitle?: string; transferSyntaxes?: readonly string[]; arguments?: readonly string[] } = {},
): Promise<Peer & { files(): Promise<string[]> }> {
  const { aeTitle = 'STORESCP', transferSyntaxes } = options;
  const peer = await launch({
    program: 'storescp',
    aeTitle,
    probe: (port) => echo(port, aeTitle),
    async prepare(dir, port) {
      await mkdir(join(dir, 'in'));
      await writeFile(join(dir, 'association.cfg'), associationConfig([], transferSyntaxes));
      const storage = ['+B', '--fork', '-od', 'in', '-aet', aeTitle, '-xf', 'association.cfg', 'In'];
      return [...storage, ...(options.arguments ?? []), String(port)];
    },
  });
  return { ...peer, files: () => filesIn(join(peer.dir, 'in')) };
}

/** getscu's option that adds a transfer syntax to its proposals. Its +xi proposes Explicit VR: Implicit cannot be had. */
const GETSCU_OPTIONS: Record<string, string> = {
  [`${TS}.1`]: '+xe',
  [`${TS}.1.99`]: '+xd',
  [`${TS}.5`]: '+xr',
  [`${TS}.4.50`]: '+xy',
  [`${TS}.4.51`]: '+xx',
  [`${TS}.4.70`]: '+xs',
  [`${TS}.4.80`]: '+xt',
  [`${TS}.4.81`]: '+xu',
  [`${TS}.4.90`]: '+xv',
  [`${TS}.4.91`]: '+xw',
};

/**
 * What getscu receives for a resource, byte for byte, as files in `dir`. getscu proposes one list of syntaxes for all
 * classes: the given one (that of the stored file) before the uncompressed ones. Syntaxes and
 * classes that it cannot propose: see startMoveOracle.
 */
export async function getscuFiles(
  peer: Called,
  resource: PeerResource,
  options: { dir: string; transferSyntaxUid?: string },
): Promise<string[]> {
  const syntax = GETSCU_OPTIONS[options.transferSyntaxUid ?? `${TS}.1`];
  if (syntax === undefined) throw new Error(`getscu cannot propose ${options.transferSyntaxUid}: use startMoveOracle`);
  const before = new Set(await filesIn(options.dir));
  const address = ['-aec', peer.aeTitle, peer.host, String(peer.port)];
  await runToolOk('getscu', ['-ll', 'error', '-S', '+B', syntax, '-od', options.dir, ...keys(resource), ...address]);
  const received = (await filesIn(options.dir)).filter((file) => !before.has(file));
  if (received.length === 0) throw new Error(`getscu received nothing for ${JSON.stringify(resource)}`);
  return received;
}

export type MoveOracle = {
  /** Where `startDcmqrscp` is to be told that the oracle listens. */
  destinations: Record<string, Destination>;
  /** What movescu brings for a resource that is stored in the given syntax, byte for byte. */
  files(peer: Called, resource: PeerResource, transferSyntaxUid: string): Promise<string[]>;
  stop(): Promise<void>;
};

/** A storescp for each transfer syntax, to fetch every stored syntax and SOP class, also those that getscu cannot propose. */
export async function startMoveOracle(transferSyntaxes: readonly string[]): Promise<MoveOracle> {
  const scps = await Promise.all(
    transferSyntaxes.map(async (uid, index) => {
      return [uid, await startStorescp({ aeTitle: `ORACLE${index}`, transferSyntaxes: [uid] })] as const;
    }),
  );
  const bySyntax = new Map(scps);
  return {
    destinations: Object.fromEntries(scps.map(([, scp]) => [scp.aeTitle, { host: scp.host, port: scp.port }])),
    async files(peer, resource, transferSyntaxUid) {
      const scp = bySyntax.get(transferSyntaxUid);
      if (scp === undefined) throw new Error(`the oracle was not started with ${transferSyntaxUid}`);
      const before = new Set(await scp.files());
      const address = ['-aec', peer.aeTitle, '-aem', scp.aeTitle, peer.host, String(peer.port)];
      await runToolOk('movescu', ['-ll', 'error', '-S', ...keys(resource), ...address]);
      return (await scp.files()).filter((file) => !before.has(file));
    },
    stop: async () => {
      await Promise.all(scps.map(([, scp]) => scp.stop()));
    },
  };
}

/** The unique keys of a resource as `-k` options of findscu, getscu and movescu. */
export function keys(resource: PeerResource): string[] {
  const level = resource.instance !== undefined ? 'IMAGE' : resource.series !== undefined ? 'SERIES' : 'STUDY';
  const values = [`QueryRetrieveLevel=${level}`, `StudyInstanceUID=${resource.study}`];
  if (resource.series !== undefined) values.push(`SeriesInstanceUID=${resource.series}`);
  if (resource.instance !== undefined) values.push(`SOPInstanceUID=${resource.instance}`);
  return values.flatMap((value) => ['-k', value]);
}

async function echo(port: number, aeTitle: string): Promise<void> {
  await probeTcp(port);
  await runToolOk('echoscu', ['-q', '-to', '2', '-ta', '2', '-td', '2', '-aec', aeTitle, '127.0.0.1', String(port)]);
}

async function filesIn(dir: string): Promise<string[]> {
  return (await readdir(dir)).sort().map((name) => join(dir, name));
}
