// The multipart reader (PS3.18 8.6.1.2, RFC 2046): every form that is allowed, every cut, every limit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DicomError } from '../../../src/dimse/errors.ts';
import { type ReaderLimits, readMultipart } from '../../../src/http/upload/multipart-reader.ts';

const LIMITS: ReaderLimits = { maxHeaderBytes: 1024, maxPartBytes: 1e6, maxTotalBytes: 1e7, maxParts: 100 };

type Read = { headers: Record<string, string>; body: string };

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(
  text: string | Buffer,
  boundary = 'b',
  size = 7,
  limits: Partial<ReaderLimits> = {},
): Promise<Read[]> {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  const parts: Read[] = [];
  for await (const { headers, body } of readMultipart(chunked(bytes, size), boundary, { ...LIMITS, ...limits })) {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    parts.push({ headers: Object.fromEntries(headers), body: Buffer.concat(chunks).toString('latin1') });
  }
  return parts;
}

const PLAIN = '--b\r\nContent-Type: a/b\r\n\r\none\r\n--b\r\nContent-Type: c/d\r\n\r\ntwo\r\n--b--\r\n';
const TWO = [
  { headers: { 'content-type': 'a/b' }, body: 'one' },
  { headers: { 'content-type': 'c/d' }, body: 'two' },
];

const FORMS: readonly (readonly [name: string, text: string, boundary: string, expected: Read[]])[] = [
  ['MP-3 as it stands in the standard', PLAIN, 'b', TWO],
  ['MP-8 a preamble and an epilogue', `preamble\r\nof two lines\r\n${PLAIN}epilogue --b`, 'b', TWO],
  ['MP-8 nothing behind the closing boundary', PLAIN.slice(0, -2), 'b', TWO],
  ['MP-8 a line break before the first boundary', `\r\n${PLAIN}`, 'b', TWO],
  ['MP-8 header names in any case', PLAIN.replace('Content-Type', 'CONTENT-type'), 'b', TWO],
  ['white space behind a boundary', PLAIN.replaceAll('--b\r\n', '--b \t \r\n'), 'b', TWO],
  ['a part without headers', '--b\r\n\r\nx\r\n--b--', 'b', [{ headers: {}, body: 'x' }]],
  ['an empty part', '--b\r\nA: 1\r\n\r\n\r\n--b--', 'b', [{ headers: { a: '1' }, body: '' }]],
  ['no part at all', '--b--\r\n', 'b', []],
  ['a folded header', '--b\r\nA: 1\r\n  2\r\n\r\nx\r\n--b--', 'b', [{ headers: { a: '1 2' }, body: 'x' }]],
  [
    'a boundary of all its characters',
    "--'()+_,-./:=? b\r\n\r\nx\r\n--'()+_,-./:=? b--",
    "'()+_,-./:=? b",
    [{ headers: {}, body: 'x' }],
  ],
  [
    'a body that begins like a boundary',
    '--b\r\n\r\n--b\r\n--bc\r\n\r\n--b--',
    'b',
    [{ headers: {}, body: '--b\r\n--bc\r\n' }],
  ],
  [
    'a longer line that begins like the boundary',
    '--b\r\n\r\nx\r\n--bb\r\ny\r\n--b--',
    'b',
    [{ headers: {}, body: 'x\r\n--bb\r\ny' }],
  ],
  ['a body of line breaks', '--b\r\n\r\n\r\n\r\n\n\r\r\n--b--', 'b', [{ headers: {}, body: '\r\n\r\n\n\r' }]],
];

for (const [name, text, boundary, expected] of FORMS) {
  test(`${name}, however it is cut into chunks`, async () => {
    for (const size of [1, 2, 3, 5, 16, 1000])
      assert.deepEqual(await read(text, boundary, size), expected, `chunks of ${size}`);
  });
}

test('a body cut off anywhere before its closing boundary is malformed', async () => {
  const end = PLAIN.lastIndexOf('--');
  for (let length = 0; length < end + 2; length++) {
    await assert.rejects(
      read(PLAIN.slice(0, length)),
      (error) => error instanceof DicomError && error.kind === 'malformed',
      `${length}`,
    );
  }
});

const BROKEN: readonly (readonly [
  name: string,
  text: string,
  boundary: string,
  kind: string,
  limits?: Partial<ReaderLimits>,
])[] = [
  ['another boundary', PLAIN, 'other', 'malformed'],
  ['no boundary within its first bytes', 'x'.repeat(5000), 'b', 'malformed'],
  ['bare line feeds', PLAIN.replaceAll('\r\n', '\n'), 'b', 'malformed'],
  ['a header line without a colon', '--b\r\nnonsense\r\n\r\nx\r\n--b--', 'b', 'malformed'],
  ['a header without a name', '--b\r\n: x\r\n\r\nx\r\n--b--', 'b', 'malformed'],
  ['two Content-Types', '--b\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\nx\r\n--b--', 'b', 'malformed'],
  ['headers without an end', '--b\r\nA: 1\r\n--b--\r\n', 'b', 'malformed'],
  ...['b\u0001', '', 'b'.repeat(71), 'b ', 'b\r\nX: y'].map(
    (boundary) =>
      [
        `the boundary ${JSON.stringify(boundary)}`,
        PLAIN.replaceAll('--b', `--${boundary}`),
        boundary,
        'malformed',
      ] as const,
  ),
  ['headers beyond the limit', `--b\r\nA: ${'x'.repeat(2000)}\r\n\r\nx\r\n--b--`, 'b', 'too-large'],
  ['endless headers', `--b\r\nA: ${'x'.repeat(2000)}`, 'b', 'too-large'],
  ['a part beyond the limit', PLAIN, 'b', 'too-large', { maxPartBytes: 2 }],
  ['more parts than the limit', PLAIN, 'b', 'too-large', { maxParts: 1 }],
  ['more bytes than the limit', PLAIN, 'b', 'too-large', { maxTotalBytes: 60 }],
  ['an epilogue beyond the limit', PLAIN + 'x'.repeat(100), 'b', 'too-large', { maxTotalBytes: PLAIN.length + 50 }],
];

for (const [name, text, boundary, kind, limits = {}] of BROKEN) {
  test(`${name} is ${kind}`, async () => {
    const run = async () => read(text, boundary, 13, limits);
    await assert.rejects(run(), (error) => error instanceof DicomError && error.kind === kind);
  });
}

test('every limit is the largest that is taken', async () => {
  const limits = { maxHeaderBytes: 19, maxPartBytes: 3, maxTotalBytes: PLAIN.length, maxParts: 2 };
  assert.deepEqual(await read(PLAIN, 'b', 7, limits), TWO);
  for (const [name, limit] of Object.entries(limits)) {
    await assert.rejects(read(PLAIN, 'b', 7, { ...limits, [name]: limit - 1 }), { kind: 'too-large' }, name);
  }
});

test('a part that is not read, or only begun, is skipped', async () => {
  for (const look of [0, 1]) {
    const seen: string[] = [];
    const text = `--b\r\nN: 1\r\n\r\n${'x'.repeat(100)}\r\n--b\r\nN: 2\r\n\r\ny\r\n--b--`;
    for await (const { headers, body } of readMultipart(chunked(Buffer.from(text), 10), 'b', LIMITS)) {
      seen.push(headers.get('n') ?? '');
      if (look === 1) await body.next();
      if (look === 1) await body.return();
    }
    assert.deepEqual(seen, ['1', '2']);
  }
});

test('the source is given back when the reader stops early', async () => {
  let returned = false;
  async function* source(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from(PLAIN.slice(0, 40));
    } finally {
      returned = true;
    }
  }
  for await (const { body } of readMultipart(source(), 'b', LIMITS)) {
    await body.return();
    break;
  }
  assert.ok(returned);
});

test('any bodies come back byte for byte', async () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString('latin1'));
  // Bytes of the boundary itself are the interesting ones.
  const near = fc
    .array(fc.constantFrom('\r', '\n', '-', 'b', '\r\n--', '\r\n--b', 'x'))
    .map((pieces) => pieces.join(''));
  const body = fc
    .oneof(bytes, near)
    .filter((text) => !/(^|\r\n)--b([ \t]*\r\n|--)/.test(`\r\n${text}\r\n--b`.slice(2, -3)));
  await fc.assert(
    fc.asyncProperty(fc.array(body, { maxLength: 4 }), fc.integer({ min: 1, max: 64 }), async (bodies, size) => {
      const safe = bodies.filter((one) => !/\r\n--b([ \t]*\r\n|--)/.test(`\r\n\r\n${one}`.slice(2)));
      const text = `${safe.map((one) => `--b\r\nA: 1\r\n\r\n${one}\r\n`).join('')}--b--`;
      assert.deepEqual(
        (await read(text, 'b', size)).map((part) => part.body),
        safe,
      );
    }),
    { numRuns: 300 },
  );
});
