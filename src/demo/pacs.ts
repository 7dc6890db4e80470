// An embedded PACS for trying the gateway and for its tests; it is no archive for production: one process, no access
// control, no audit, no integrity checks. It speaks DIMSE alone: C-ECHO, C-FIND, C-GET, C-MOVE and C-STORE.

import type { Dataset } from '../dimse/data/dataset.ts';
import { ExplicitBig, ExplicitLittle, ImplicitLittle, TRANSFER_SYNTAXES } from '../dimse/data/transfer-syntax.ts';
import { STORAGE_SOP_CLASSES } from '../dimse/data/uid.ts';
import {
  type Destination,
  DicomError,
  type Instance,
  listen,
  type ProposedContext,
  type Retrieval,
  type Services,
} from '../dimse/index.ts';
import { Archive, bodyOf } from './archive.ts';
import type { Holding } from './archive-index.ts';
import { find, selectionOf } from './query.ts';

export type PacsOptions = {
  /** Folder of the files and their index; taken up again when it holds some. */
  dir: string;
  aeTitle: string;
  host?: string;
  /** 0: any free one. */
  port: number;
  /** Move destinations by AE title; read at every C-MOVE, so entries may come later. */
  peers?: Record<string, { host: string; port: number }>;
  /** Part 10 files that are held where they lie. */
  files?: readonly string[];
  /** For storage, most wanted first; absent: all, uncompressed first. */
  transferSyntaxes?: readonly string[];
  log?: (line: string) => void;
};

export type Pacs = { aeTitle: string; host: string; port: number; close(): Promise<void> };

const VERIFICATION = '1.2.840.10008.1.1';
const QUERY_RETRIEVE = /^1\.2\.840\.10008\.5\.1\.4\.1\.2\.[12]\.[123]$/;
const UNCOMPRESSED = [ExplicitLittle, ImplicitLittle, ExplicitBig];
const STORAGE: ReadonlySet<string> = new Set(STORAGE_SOP_CLASSES);
const MAX_CONTEXTS = 128;
const UNKNOWN_DESTINATION = 0xa801;

/** Starts the PACS; resolves when it listens. */
export async function startPacs(options: PacsOptions): Promise<Pacs> {
  const { aeTitle, host = '127.0.0.1', peers = {}, log } = options;
  const archive = await Archive.open(options.dir);
  const syntaxes = options.transferSyntaxes ?? everySyntax();
  try {
    for (const file of options.files ?? []) await archive.adopt(file);
    const listener = await listen({
      host,
      port: options.port,
      aeTitle,
      contexts: (abstractSyntax) => {
        if (abstractSyntax === VERIFICATION || QUERY_RETRIEVE.test(abstractSyntax)) return UNCOMPRESSED;
        return STORAGE.has(abstractSyntax) ? syntaxes : undefined;
      },
      services: services(archive, aeTitle, peers),
      ...(log !== undefined && { log }),
    });
    const close = async () => {
      await listener.close();
      archive.close();
    };
    return { aeTitle, host, port: listener.port, close };
  } catch (error) {
    archive.close();
    throw error;
  }
}

function everySyntax(): string[] {
  const others = TRANSFER_SYNTAXES.map(({ uid }) => uid).filter((uid) => !UNCOMPRESSED.includes(uid));
  return [...UNCOMPRESSED, ...others];
}

function services(archive: Archive, aeTitle: string, peers: Record<string, { host: string; port: number }>): Services {
  return {
    async store(instance, context) {
      await archive.store(instance, context.calling);
      return 0x0000;
    },
    async *find(request, context) {
      for (const match of find(archive.index, request, aeTitle)) {
        if (context.signal.aborted) return;
        yield match;
      }
    },
    async get(request) {
      return retrieval(select(archive, request));
    },
    async move(request) {
      const holdings = select(archive, request);
      const to = destinationOf(peers, request.destination);
      return { ...retrieval(holdings), to, contexts: contextsFor(holdings) };
    },
  };
}

/** The instances that the unique keys of a C-GET or C-MOVE name. */
function select(archive: Archive, request: { sopClassUid: string; identifier: Dataset }): Holding[] {
  const { selection } = selectionOf(request.sopClassUid, request.identifier, 'retrieve');
  return archive.index.holdings(selection);
}

/** Instances one after the other, as stored; the listener re-encodes what a C-GET accepted in another syntax only. */
function retrieval(holdings: Holding[]): Retrieval {
  async function* instances(): AsyncGenerator<Instance> {
    for (const holding of holdings) {
      const { sopClassUid, sopInstanceUid, transferSyntaxUid } = holding;
      yield { sopClassUid, sopInstanceUid, transferSyntaxUid, body: bodyOf(holding) };
    }
  }
  return { total: holdings.length, instances: instances() };
}

/** One context for each class and stored syntax, so that the destination takes them as they are. */
function contextsFor(holdings: readonly Holding[]): ProposedContext[] {
  const pairs = new Map(
    holdings.map(({ sopClassUid, transferSyntaxUid }) => {
      const context: ProposedContext = { abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntaxUid] };
      return [`${sopClassUid} ${transferSyntaxUid}`, context];
    }),
  );
  return [...pairs.values()].slice(0, MAX_CONTEXTS);
}

function destinationOf(peers: Record<string, { host: string; port: number }>, aeTitle: string): Destination {
  const peer = Object.hasOwn(peers, aeTitle) ? peers[aeTitle] : undefined;
  if (peer !== undefined) return { aeTitle, host: peer.host, port: peer.port };
  throw new DicomError('status', 'C-MOVE: move destination unknown', { status: UNKNOWN_DESTINATION });
}
