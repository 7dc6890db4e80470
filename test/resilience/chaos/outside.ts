// Where data sets are in the bytes of an association: all but the fragments of P-DATA-TF whose control header says "data set".

const P_DATA_TF = 4;
const COMMAND = 1;
const HEADER = 6;

/** Follows one direction of an association and turns one bit over, at a place outside of data sets. */
export class Outside {
  #header: number[] = [];
  /** Bytes left of the PDU, and of the PDV in it. */
  #pdu = 0;
  #pdv = 0;
  #isData = false;
  #isPData = false;
  #seen = 0;

  /** Turns `bit` over in the byte of `chunk`, if it is there, that is the `strike`th outside of data sets. */
  turnOver(chunk: Buffer, strike: number, bit: number): void {
    for (const [at, byte] of chunk.entries()) {
      if (this.#step(byte)) continue;
      if (this.#seen === strike) chunk[at] = byte ^ bit;
      this.#seen += 1;
    }
  }

  /** True inside a data set. */
  #step(byte: number): boolean {
    const inside = this.#pdu > 0;
    if (inside) this.#pdu -= 1;
    if (this.#pdv > 0) {
      this.#pdv -= 1;
      return this.#isData;
    }
    if (inside && !this.#isPData) return false;
    this.#header.push(byte);
    if (this.#header.length === HEADER) this.#headerRead(Buffer.from(this.#header), inside);
    return false;
  }

  #headerRead(header: Buffer, inside: boolean): void {
    this.#header = [];
    if (inside) {
      this.#pdv = header.readUInt32BE(0) - 2;
      this.#isData = (header.readUInt8(5) & COMMAND) === 0;
      return;
    }
    this.#isPData = header.readUInt8(0) === P_DATA_TF;
    this.#pdu = header.readUInt32BE(2);
  }
}
