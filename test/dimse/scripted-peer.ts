// A peer that does exactly what its script says, right or wrong: expect a PDU, send bytes, stall, reset. Either end of TCP.

import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type Command, decodeCommand, encodeCommand } from '../../src/dimse/command.ts';
import { associateAc, associateRq, type ProposedContext } from '../../src/dimse/ul/negotiation.ts';
import { type AssociateRq, decodePdu, encodePdu, type Pdu } from '../../src/dimse/ul/pdu.ts';
import { resetSocket } from '../../src/http/reset.ts';

export type Step = (script: Script) => Promise<void>;

export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
const SELF = { maximumLength: 16384, implementationClassUid: '1.2.3', implementationVersionName: 'SCRIPT' };

/** One run of a script on one socket. */
export class Script {
  readonly socket: Socket;
  /** Everything received, in order; P-DATA-TF as PDUs. */
  readonly received: Pdu[] = [];
  readonly closed: Promise<void>;
  #bytes = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake?.();
    });
    for (const event of ['end', 'close'] as const) {
      socket.once(event, () => {
        this.#ended = true;
        this.#wake?.();
      });
    }
  }

  /** The next PDU; undefined when the other end closed. */
  async next(): Promise<Pdu | undefined> {
    for (;;) {
      const length = this.#bytes.length < 6 ? Number.POSITIVE_INFINITY : 6 + this.#bytes.readUInt32BE(2);
      if (this.#bytes.length >= length) {
        const pdu = decodePdu(Buffer.from(this.#bytes.subarray(0, length)));
        this.#bytes = this.#bytes.subarray(length);
        this.received.push(pdu);
        return pdu;
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Waits for a PDU of a type. */
export const expect =
  (type: Pdu['type']): Step =>
  async (script) => {
    const pdu = await script.next();
    assert.equal(pdu?.type, type);
  };

/** Waits for A-ABORT with this source and reason. */
export const expectAbort =
  (source: number, reason: number): Step =>
  async (script) => {
    assert.deepEqual(await script.next(), { type: 'abort', source, reason });
  };

/** Waits for the command set of a message, and lets its data set come as far as it does in full PDUs. */
export const expectCommand =
  (commandField: number): Step =>
  async (script) => {
    const values: Buffer[] = [];
    for (;;) {
      const pdu = await script.next();
      assert.equal(pdu?.type, 'p-data-tf');
      const [value] = pdu.values;
      assert.ok(value !== undefined);
      values.push(value.fragment);
      if ((value.control & 3) === 3) break;
    }
    assert.equal(decodeCommand(Buffer.concat(values)).commandField, commandField);
  };

/** Waits for the last fragment of a data set. */
export const expectDataSet: Step = async (script) => {
  for (;;) {
    const pdu = await script.next();
    assert.equal(pdu?.type, 'p-data-tf');
    if (pdu.values.some(({ control }) => (control & 3) === 2)) return;
  }
};

/** Waits until the other end has closed. */
export const expectEnd: Step = async (script) => {
  assert.equal(await script.next(), undefined);
};

export const send =
  (...what: (Pdu | Buffer)[]): Step =>
  async ({ socket }) => {
    for (const each of what) socket.write(Buffer.isBuffer(each) ? each : encodePdu(each));
  };

/** The same bytes, one at a time. */
export const trickle =
  (...what: (Pdu | Buffer)[]): Step =>
  async ({ socket }) => {
    for (const each of what) {
      for (const byte of Buffer.isBuffer(each) ? each : encodePdu(each)) {
        socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  };

/** Does nothing more until the other end closes. */
export const stall: Step = (script) => script.closed;

/** Stops reading, for good. */
export const deaf: Step = async ({ socket }) => void socket.pause();

/** TCP RST. */
export const reset: Step = async ({ socket }) => resetSocket(socket);

/** TCP FIN. */
export const end: Step = async ({ socket }) => void socket.end();

/** Accepts what the last A-ASSOCIATE-RQ proposes, all of it or as `contexts` says. */
export const accept =
  (
    contexts: (abstractSyntax: string) => string[] | undefined = () => [EXPLICIT, IMPLICIT],
    maximumLength = 16384,
  ): Step =>
  async (script) => {
    const rq = script.received.findLast((pdu): pdu is AssociateRq => pdu.type === 'associate-rq');
    assert.ok(rq !== undefined, 'nothing to accept');
    script.socket.write(encodePdu(associateAc(rq, { ...SELF, maximumLength, contexts })));
  };

/** Associates as requestor. */
export const associate = (
  contexts: readonly ProposedContext[],
  titles = { calledAeTitle: 'US', callingAeTitle: 'SCRIPT' },
): Step => send(associateRq({ ...SELF, ...titles, contexts }));

/** P-DATA-TF with one PDV. */
export const pData = (control: number, fragment: Buffer, contextId = 1): Pdu => ({
  type: 'p-data-tf',
  values: [{ contextId, control, fragment }],
});

/** A message in two PDUs: the command set, and the data set where there is one. */
export const message = (command: Command, dataSet?: Buffer, contextId = 1): Pdu[] => [
  pData(3, encodeCommand(command), contextId),
  ...(dataSet === undefined ? [] : [pData(2, dataSet, contextId)]),
];

export type Run = {
  port: number;
  /** Ends when the script has; rejects where an expectation failed. */
  done: Promise<Script>;
};

async function play(script: Script, steps: readonly Step[]): Promise<Script> {
  try {
    for (const step of steps) await step(script);
    return script;
  } catch (error) {
    script.socket.destroy();
    throw error;
  }
}

/** Listens, plays the script on the first connection, and is gone when the test is over. */
export async function scriptedServer(t: TestContext, steps: readonly Step[]): Promise<Run> {
  const played = Promise.withResolvers<Script>();
  played.promise.catch(() => {});
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    play(new Script(socket), steps).then(played.resolve, played.reject);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, done: played.promise };
}

/** Connects and plays the script. */
export async function scriptedClient(t: TestContext, port: number, steps: readonly Step[]): Promise<Script> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  t.after(() => void socket.destroy());
  return play(new Script(socket), steps);
}
