// A data set that is in memory, re-encoded as one piece.

import { type ReencodeOptions, reencode } from '../../../src/dimse/data/reencode.ts';

export async function convertDataset(
  bytes: Uint8Array,
  fromTransferSyntaxUid: string,
  toTransferSyntaxUid: string,
  options: ReencodeOptions = {},
): Promise<Buffer> {
  const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Buffer[] = [];
  for await (const part of reencode(once(chunk), fromTransferSyntaxUid, toTransferSyntaxUid, options))
    chunks.push(part);
  return Buffer.concat(chunks);
}

async function* once(chunk: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield chunk;
}
