// Frames of one-bit samples follow each other without padding (PS3.5 8.1.1): joins frames that each begin at bit 0.

/** Joins frames of `frameBits` bits; frames of whole bytes pass through as they are. */
export class BitJoiner {
  readonly #frameBits: number;
  #pending = 0;
  #pendingBits = 0;

  constructor(frameBits: number) {
    this.#frameBits = frameBits;
  }

  /** The whole bytes that are complete with this frame. */
  add(frame: Uint8Array): Buffer {
    if (this.#pendingBits === 0 && this.#frameBits % 8 === 0) {
      return Buffer.from(frame.buffer, frame.byteOffset, frame.length);
    }
    const bits = this.#pendingBits + this.#frameBits;
    const joined = Buffer.alloc(Math.ceil(bits / 8));
    joined[0] = this.#pending;
    for (let index = 0; index < frame.length; index += 1) {
      const byte = frame[index] ?? 0;
      joined[index] = (joined[index] ?? 0) | (byte << this.#pendingBits);
      if (index + 1 < joined.length) joined[index + 1] = byte >> (8 - this.#pendingBits);
    }
    this.#pendingBits = bits % 8;
    this.#pending = this.#pendingBits === 0 ? 0 : (joined.at(-1) ?? 0);
    return joined.subarray(0, Math.floor(bits / 8));
  }

  /** The last, incomplete byte, with zeros above its bits. */
  end(): Buffer {
    return this.#pendingBits === 0 ? Buffer.alloc(0) : Buffer.from([this.#pending]);
  }
}
