// Socket bytes → PDUs. Control PDUs come whole, P-DATA in pieces as they arrive: nothing is gathered, nothing copied.

import { DicomError } from '../errors.ts';
import { CONTROL, decodePdu, type Pdu } from './pdu.ts';

/** A piece of the fragment in one PDV, `data` a view of the chunk it came in. `last` marks the last piece of a message's last fragment (PS3.8 E.2). */
export type Fragment = { type: 'fragment'; contextId: number; command: boolean; last: boolean; data: Buffer };
export type Incoming = Exclude<Pdu, { type: 'p-data-tf' }> | Fragment;

export type FramingLimits = {
  /** The Maximum Length we announced: bounds the PDU-length field of P-DATA-TF (PS3.8 D.1); 0 = no limit. */
  maximumLength: number;
  /** Bounds every other PDU before anything is allocated (UL-8). */
  controlLength?: number;
};

const CONTROL_LENGTH = 1 << 20;
const P_DATA_TF = 0x04;
const LAST_PDU = 0x07;
const HEADER = 6;
const EMPTY = Buffer.alloc(0);

/** Source 2, service-provider; reason 6, invalid PDU parameter value (PS3.8 9.3.8). */
const invalid = (message: string, field: string) =>
  new DicomError('protocol', message, { field, abort: { source: 2, reason: 6 } });

/** Bytes in, PDUs out; what is left of a chunk stays inside until the next one. */
export class Framing {
  readonly #limits: Required<FramingLimits>;
  readonly #header = Buffer.alloc(HEADER);
  #headerLength = 0;
  /** A control PDU being gathered. */
  #control: { bytes: Buffer; length: number } | undefined;
  /** Bytes left of the current P-DATA-TF; undefined outside one. */
  #pData: number | undefined;
  /** Bytes left of the current PDV; undefined between PDVs. */
  #pdv: { left: number; contextId: number; control: number } | undefined;

  constructor(limits: FramingLimits) {
    this.#limits = { controlLength: CONTROL_LENGTH, ...limits };
  }

  /** True between PDUs: the transport may end here without having cut anything. */
  get atBoundary(): boolean {
    const inside = this.#control ?? this.#pData ?? this.#pdv;
    return this.#headerLength === 0 && inside === undefined;
  }

  /** To be called where the bytes end. Throws DicomError('aborted') inside a PDU. */
  end(): void {
    if (!this.atBoundary) throw new DicomError('aborted', 'the connection ended inside a PDU');
  }

  /** What `chunk` completes, in order. Fragments are views of `chunk`. Throws DicomError('protocol', abort: what to answer). */
  *push(chunk: Buffer): Generator<Incoming, void> {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#pdv !== undefined) {
        const data = chunk.subarray(offset, offset + this.#pdv.left);
        offset += data.length;
        yield this.#piece(this.#pdv, data);
      } else if (this.#control !== undefined) {
        offset += this.#gather(this.#control, chunk, offset);
        if (this.#control.length === this.#control.bytes.length) yield this.#whole(this.#control.bytes);
      } else {
        offset += this.#gatherHeader(chunk, offset);
        if (this.#headerLength < HEADER) return;
        this.#headerLength = 0;
        const incoming = this.#pData === undefined ? this.#startPdu() : this.#startPdv(this.#pData);
        if (incoming !== undefined) yield incoming;
      }
    }
  }

  #gatherHeader(chunk: Buffer, offset: number): number {
    const copied = chunk.copy(this.#header, this.#headerLength, offset);
    this.#headerLength += copied;
    return copied;
  }

  #gather(control: { bytes: Buffer; length: number }, chunk: Buffer, offset: number): number {
    const copied = chunk.copy(control.bytes, control.length, offset);
    control.length += copied;
    return copied;
  }

  #whole(bytes: Buffer): Incoming {
    this.#control = undefined;
    const pdu = decodePdu(bytes);
    if (pdu.type === 'p-data-tf') throw invalid('P-DATA-TF out of place', 'PDU-type');
    return pdu;
  }

  #startPdu(): Incoming | undefined {
    const code = this.#header.readUInt8(0);
    const length = this.#header.readUInt32BE(2);
    if (code === 0 || code > LAST_PDU) return { type: 'unknown', code, bytes: EMPTY };
    if (code === P_DATA_TF) {
      const limit = this.#limits.maximumLength;
      if (limit !== 0 && length > limit) {
        throw invalid(`P-DATA-TF: PDU-length ${length} is above the maximum length ${limit}`, 'PDU-length');
      }
      if (length > 0) this.#pData = length;
      return undefined;
    }
    if (length > this.#limits.controlLength) {
      throw invalid(`PDU-length ${length} is above our limit ${this.#limits.controlLength}`, 'PDU-length');
    }
    const bytes = Buffer.allocUnsafe(HEADER + length);
    this.#header.copy(bytes);
    if (length === 0) return this.#whole(bytes);
    this.#control = { bytes, length: HEADER };
    return undefined;
  }

  #startPdv(pData: number): Incoming | undefined {
    const length = this.#header.readUInt32BE(0);
    if (length < 2 || length + 4 > pData) {
      throw invalid(`P-DATA-TF: PDV item length ${length} does not fit its PDU`, 'PDV-length');
    }
    this.#pData = pData - 4 - length || undefined;
    if (this.#pData !== undefined && this.#pData < HEADER) {
      throw invalid(`P-DATA-TF: ${this.#pData} bytes after the last PDV`, 'PDV-length');
    }
    const pdv = { left: length - 2, contextId: this.#header.readUInt8(4), control: this.#header.readUInt8(5) };
    // An empty PDV is not to be sent, but accepted (PS3.8 E.1).
    if (pdv.left === 0) return this.#piece(pdv, EMPTY);
    this.#pdv = pdv;
    return undefined;
  }

  #piece(pdv: { left: number; contextId: number; control: number }, data: Buffer): Fragment {
    pdv.left -= data.length;
    if (pdv.left === 0) this.#pdv = undefined;
    return {
      type: 'fragment',
      contextId: pdv.contextId,
      command: (pdv.control & CONTROL.command) !== 0,
      last: (pdv.control & CONTROL.last) !== 0 && pdv.left === 0,
      data,
    };
  }
}
