// Content codings of JSON and XML (RFC 9110 8.4, 12.5.3): which one a client takes, and bytes in it. DICOM and pictures are
// sent as they are: what is in them is compressed already, or is to be had compressed by its transfer syntax.

import { pipeline, Readable } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';

export type Coding = 'gzip' | 'br';

/** The server's preference first: gzip is what stored metadata are in. */
const CODINGS: readonly Coding[] = ['gzip', 'br'];
const WEIGHT = /^;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

/** What compresses well at the speed of a network, not at its best; no chunk waits for the next to be compressed with. */
const ENGINES = {
  gzip: () => createGzip({ level: 4, flush: constants.Z_SYNC_FLUSH }),
  br: () =>
    createBrotliCompress({
      params: { [constants.BROTLI_PARAM_QUALITY]: 3 },
      flush: constants.BROTLI_OPERATION_FLUSH,
    }),
} as const;

/** The coding that an Accept-Encoding header prefers; undefined for none, and where there is no header. */
export function codingOf(acceptEncoding: string | string[] | undefined): Coding | undefined {
  const weights = new Map<string, number>();
  for (const member of String(acceptEncoding ?? '').split(',')) {
    const [, name = '', rest = ''] = /^\s*([\w*.-]+)\s*(.*?)\s*$/.exec(member) ?? [];
    const q = rest === '' ? 1 : Number(WEIGHT.exec(rest)?.[1] ?? 0);
    const coding = name.toLowerCase() === 'x-gzip' ? 'gzip' : name.toLowerCase();
    if (coding !== '') weights.set(coding, q);
  }
  const weightOf = (coding: string): number => weights.get(coding) ?? weights.get('*') ?? 0;
  const [best] = CODINGS.filter((coding) => weightOf(coding) > 0).sort((a, b) => weightOf(b) - weightOf(a));
  // Without being named, identity is acceptable but never better than what is named (RFC 9110 12.5.3).
  return best !== undefined && weightOf(best) >= (weights.get('identity') ?? 0) ? best : undefined;
}

/** `bytes` in `coding`. Ending early ends `bytes`. */
export async function* encoded(bytes: AsyncIterable<Buffer>, coding: Coding): AsyncGenerator<Buffer, void, undefined> {
  const engine = ENGINES[coding]();
  const source = Readable.from(bytes, { objectMode: false });
  // Errors of either end reach the consumer through the iteration below.
  pipeline(source, engine, () => {});
  try {
    yield* engine;
  } finally {
    engine.destroy();
    source.destroy();
  }
}
