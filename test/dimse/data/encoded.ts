// Encoded elements for tests, put together byte by byte and not by the code under test.

const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

function bytesOf(value: string | Uint8Array): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value);
}

function tagBytes(tag: string, big: boolean): Buffer {
  const bytes = Buffer.from(tag, 'hex');
  return big ? bytes : bytes.swap16();
}

function u16(value: number, big: boolean): Buffer {
  const bytes = Buffer.alloc(2);
  if (big) bytes.writeUInt16BE(value);
  else bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number, big: boolean): Buffer {
  const bytes = Buffer.alloc(4);
  if (big) bytes.writeUInt32BE(value);
  else bytes.writeUInt32LE(value);
  return bytes;
}

/** An element in explicit VR; `length` instead of the value's own (0xffffffff for undefined). */
export function explicit(
  tag: string,
  vr: string,
  value: string | Uint8Array = '',
  length?: number,
  big = false,
): Buffer {
  const bytes = bytesOf(value);
  const size = length ?? bytes.length;
  const rest = LONG.has(vr) ? [Buffer.alloc(2), u32(size, big)] : [u16(size, big)];
  return Buffer.concat([tagBytes(tag, big), Buffer.from(vr, 'latin1'), ...rest, bytes]);
}

/** An element in explicit VR, big endian; the value must be big endian already. */
export function explicitBig(tag: string, vr: string, value: string | Uint8Array = '', length?: number): Buffer {
  return explicit(tag, vr, value, length, true);
}

/** An element in implicit VR, also an item or a delimitation item. */
export function implicit(tag: string, value: string | Uint8Array = '', length?: number): Buffer {
  const bytes = bytesOf(value);
  return Buffer.concat([tagBytes(tag, false), u32(length ?? bytes.length, false), bytes]);
}

export const UNDEFINED = 0xffffffff;

/** An item with its length. */
export function item(...content: Buffer[]): Buffer {
  return implicit('FFFEE000', Buffer.concat(content));
}

/** An item of undefined length with its delimitation item. */
export function openItem(...content: Buffer[]): Buffer {
  return Buffer.concat([implicit('FFFEE000', '', UNDEFINED), ...content, implicit('FFFEE00D')]);
}

/** What follows the header of an element of undefined length: items and the Sequence Delimitation Item. */
export function openSequence(...items: Buffer[]): Buffer {
  return Buffer.concat([...items, implicit('FFFEE0DD')]);
}

/** Buffers in one. */
export function all(...parts: Buffer[]): Buffer {
  return Buffer.concat(parts);
}
