// A multipart/related body taken apart by the plainest means, independent of the code under test: the whole body in memory.

export type BodyPart = { headers: Record<string, string>; body: Buffer };

/** The parts of a whole body; throws when a delimiter, a header or the final boundary is missing (RFC 2046 5.1.1). */
export function partsOf(contentType: string, body: Buffer): BodyPart[] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error(`no boundary in ${contentType}`);
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: BodyPart[] = [];
  let at = body.indexOf(delimiter);
  if (at !== 0) throw new Error('the body does not start with its boundary');
  for (;;) {
    const start = at + delimiter.length;
    const after = body.subarray(start, start + 2).toString('latin1');
    if (after === '--') return parts;
    if (after !== '\r\n') throw new Error(`no CRLF behind the boundary at ${start}`);
    at = body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), start);
    if (at < 0) throw new Error('the final boundary is missing');
    parts.push(partOf(body.subarray(start + 2, at)));
    at += 2;
  }
}

function partOf(bytes: Buffer): BodyPart {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) throw new Error('a part without the end of its headers');
  const lines = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { headers, body: bytes.subarray(end + 4) };
}

/** A multipart/related body of the given parts, as a STOW-RS client sends it. */
export function multipartOf(
  boundary: string,
  parts: readonly { headers: Record<string, string>; body: Uint8Array }[],
): Buffer {
  const chunks = parts.flatMap(({ headers, body }) => [
    Buffer.from(
      `--${boundary}\r\n${Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n`,
    ),
    body,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]);
}
