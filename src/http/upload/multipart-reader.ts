// Reads multipart bodies (RFC 2046, PS3.18 8.6.1.2) by pull: the next part is looked for when it is asked for, and nothing is
// held but one chunk of the source. What is cut off before its closing boundary is an error, however whole it may look.

import { DicomError } from '../../dimse/errors.ts';

/** A part as it arrives. Header names are in lower case. `body` may be read once; what is left of it is skipped. */
export type IncomingPart = { headers: ReadonlyMap<string, string>; body: AsyncGenerator<Buffer, void, undefined> };

/** Limits in bytes, and in parts. */
export type ReaderLimits = { maxHeaderBytes: number; maxPartBytes: number; maxTotalBytes: number; maxParts: number };

/** RFC 2046 5.1.1: 1 to 70 characters, no space at the end. */
const BOUNDARY = /^[\w'()+,\-./:=? ]{0,69}[\w'()+,\-./:=?]$/;
/** White space that a transport may have put behind a boundary. */
const LONGEST_PADDING = 256;
const CRLF = Buffer.from('\r\n');
const BLANK_LINE = Buffer.from('\r\n\r\n');

function malformed(what: string): DicomError {
  return new DicomError('malformed', `multipart body: ${what}`, { field: 'body' });
}

function tooLarge(what: string): DicomError {
  return new DicomError('too-large', `multipart body: ${what}`, { field: 'body' });
}

/**
 * The parts of a body. The one given last must be read, or left unread, before the next is asked for.
 * @throws DicomError `malformed` for what is no multipart body or is cut off, `too-large` beyond a limit
 */
export function readMultipart(
  source: AsyncIterable<Buffer>,
  boundary: string,
  limits: ReaderLimits,
): AsyncGenerator<IncomingPart, void, undefined> {
  if (!BOUNDARY.test(boundary)) throw new DicomError('malformed', 'the boundary is no boundary', { field: 'boundary' });
  return new Scanner(source, boundary, limits).parts();
}

class Scanner {
  private readonly source: AsyncIterator<Buffer>;
  private readonly delimiter: Buffer;
  private readonly limits: ReaderLimits;
  /** What has arrived and is not yet given out. A line break before the body lets a boundary be its first line. */
  private held: Buffer = CRLF;
  private total = 0;
  /** Set between the headers of a part and the delimiter behind its body. */
  private inBody = false;

  constructor(source: AsyncIterable<Buffer>, boundary: string, limits: ReaderLimits) {
    this.source = source[Symbol.asyncIterator]();
    this.delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.limits = limits;
  }

  async *parts(): AsyncGenerator<IncomingPart, void, undefined> {
    const { maxHeaderBytes, maxPartBytes, maxParts } = this.limits;
    try {
      await drain(this.untilDelimiter(maxHeaderBytes, malformed('it does not begin with its boundary')));
      const beyond = tooLarge(`a part of more than ${maxPartBytes} bytes`);
      for (let count = 0; !this.isClosing(); count++) {
        if (count >= maxParts) throw tooLarge(`more than ${maxParts} parts`);
        const headers = await this.headers();
        this.inBody = true;
        const body = this.untilDelimiter(maxPartBytes, beyond);
        yield { headers, body };
        await drain(body);
        // Whoever returned the body early left its delimiter unread.
        if (this.inBody) await drain(this.untilDelimiter(maxPartBytes, beyond));
      }
      await this.epilogue();
    } finally {
      await this.source.return?.();
    }
  }

  /** Reads on; false at the end of the source. */
  private async more(): Promise<boolean> {
    const next = await this.source.next();
    if (next.done === true) return false;
    this.total += next.value.length;
    const { maxTotalBytes } = this.limits;
    if (this.total > maxTotalBytes) throw tooLarge(`more than ${maxTotalBytes} bytes`);
    this.held = this.held.length === 0 ? next.value : Buffer.concat([this.held, next.value]);
    return true;
  }

  private take(length: number): Buffer {
    const taken = this.held.subarray(0, length);
    this.held = this.held.subarray(length);
    return taken;
  }

  /** The bytes before the next delimiter; afterwards the delimiter is behind. */
  private async *untilDelimiter(limit: number, beyond: DicomError): AsyncGenerator<Buffer, void, undefined> {
    let size = 0;
    for (;;) {
      const at = this.held.indexOf(this.delimiter);
      const whole = at >= 0 ? await this.endsLine(at + this.delimiter.length) : undefined;
      // A longer line that begins like the boundary belongs to the data.
      const length = at < 0 ? this.safe() : whole === true ? at : at + this.delimiter.length;
      size += length;
      if (size > limit) throw beyond;
      if (length > 0) yield this.take(length);
      if (whole === true) {
        this.take(this.delimiter.length);
        this.inBody = false;
        return;
      }
      if (at < 0 && !(await this.more())) throw malformed('it ends before its closing boundary');
    }
  }

  /** How much of what is held can't be the beginning of a delimiter. */
  private safe(): number {
    const from = Math.max(0, this.held.length - this.delimiter.length + 1);
    for (let at = this.held.indexOf(13, from); at >= 0; at = this.held.indexOf(13, at + 1)) {
      const length = this.held.length - at;
      if (this.held.compare(this.delimiter, 0, length, at) === 0) return at;
    }
    return this.held.length;
  }

  /** Whether what stands at `position` ends the line of a boundary: `--`, or white space and a line break. */
  private async endsLine(position: number): Promise<boolean> {
    for (let at = position; at < position + LONGEST_PADDING; at++) {
      while (at + 1 >= this.held.length) {
        if (!(await this.more())) return this.held.subarray(position, position + 2).toString('latin1') === '--';
      }
      const [char, next] = [this.held[at], this.held[at + 1]];
      if (at === position && char === 45 && next === 45) return true;
      if (char === 13 && next === 10) return true;
      if (char !== 32 && char !== 9) return false;
    }
    return false;
  }

  /** Behind a delimiter: whether it was the closing one. Else the rest of its line is skipped. */
  private isClosing(): boolean {
    if (this.held[0] === 45 && this.held[1] === 45) return true;
    this.take(this.held.indexOf(CRLF));
    return false;
  }

  private async headers(): Promise<Map<string, string>> {
    const { maxHeaderBytes } = this.limits;
    // The block begins with the line break of the boundary, so that a part without headers ends like any other.
    for (;;) {
      const at = this.held.indexOf(BLANK_LINE);
      // The last bytes may be those of the blank line.
      if ((at < 0 ? this.held.length - BLANK_LINE.length + 1 : at) > maxHeaderBytes) {
        throw tooLarge(`part headers of more than ${maxHeaderBytes} bytes`);
      }
      if (at >= 0) {
        const text = this.take(at).toString('latin1');
        this.take(BLANK_LINE.length);
        return parseHeaders(text);
      }
      if (!(await this.more())) throw malformed('it ends within the headers of a part');
    }
  }

  /** Anything behind the closing boundary is to be ignored (RFC 2046 5.1.1), within the limit of the whole. */
  private async epilogue(): Promise<void> {
    this.held = Buffer.alloc(0);
    while (await this.more()) this.held = Buffer.alloc(0);
  }
}

async function drain(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) void chunk;
}

function parseHeaders(block: string): Map<string, string> {
  const headers = new Map<string, string>();
  // A line that begins with white space continues the one before (RFC 5322 2.2.3).
  for (const line of block.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    if (line === '') continue;
    const [, name, value = ''] = /^([!#$%&'*+\-.^\w`|~]+)[ \t]*:[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined) throw malformed('a part has a line among its headers that is none');
    const key = name.toLowerCase();
    if (headers.has(key) && key.startsWith('content-')) throw malformed(`a part has two ${key} headers`);
    headers.set(key, value);
  }
  return headers;
}
