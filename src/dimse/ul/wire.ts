// Field combinators: a layout stated once is decoder, encoder and type. Numbers are big endian (PS3.8 9.3.1).

import { DicomError } from '../errors.ts';

/** Where reading stands. `end` bounds the innermost length; `field` names what is being read, for errors. */
export type Cursor = { readonly bytes: Buffer; offset: number; end: number; field: string };

/** Bytes being written; `bytes` grows. */
export type Sink = { bytes: Buffer; length: number };

export type Field<T> = { read(from: Cursor): T; write(value: T, to: Sink): void };
/** Any field: what the combinators take. */
type Part = { read(from: Cursor): unknown; write(value: never, to: Sink): void };
export type Decoded<F extends Part> = ReturnType<F['read']>;

export const cursorOver = (bytes: Buffer): Cursor => ({ bytes, offset: 0, end: bytes.length, field: 'type' });

function advance(from: Cursor, count: number): number {
  const start = from.offset;
  const left = from.end - start;
  if (count > left) {
    throw new DicomError('protocol', `${from.field}: ${count} bytes needed, ${left} left`, { field: from.field });
  }
  from.offset = start + count;
  return start;
}

function reserve(to: Sink, count: number): number {
  const start = to.length;
  if (start + count > to.bytes.length) {
    const grown = Buffer.alloc(Math.max(256, 2 * (start + count)));
    to.bytes.copy(grown, 0, 0, start);
    to.bytes = grown;
  }
  to.length = start + count;
  return start;
}

export function written<T>(field: Field<T>, value: T): Buffer {
  const to: Sink = { bytes: Buffer.alloc(256), length: 0 };
  field.write(value, to);
  return to.bytes.subarray(0, to.length);
}

const unsigned = (size: 1 | 2 | 4): Field<number> => ({
  read: (from) => from.bytes.readUIntBE(advance(from, size), size),
  write(value, to) {
    const start = reserve(to, size);
    to.bytes.writeUIntBE(value, start, size);
  },
});

export const u8 = unsigned(1);
export const u16 = unsigned(2);
export const u32 = unsigned(4);

/** Reserved bytes: written as 00, never tested (PS3.8 9.3.1; DCMTK 3.6.0 sends FF). */
export const reserved = (count: number): Field<undefined> => ({
  read: (from) => void advance(from, count),
  write(_, to) {
    const start = reserve(to, count);
    to.bytes.fill(0, start, start + count);
  },
});

/** AE title: 16 characters, space padded; spaces around it are not significant (UL-23). */
export const aeTitle: Field<string> = {
  read(from) {
    const start = advance(from, 16);
    return from.bytes.toString('latin1', start, start + 16).replace(/^ +|[ \0]+$/g, '');
  },
  write(value, to) {
    const start = reserve(to, 16);
    to.bytes.fill(0x20, start, to.length);
    to.bytes.write(value.slice(0, 16), start, 'latin1');
  },
};

/** All bytes up to the enclosing length, as text. Written unpadded (UL-22); padding of others is dropped. */
export const text: Field<string> = {
  read(from) {
    const start = advance(from, from.end - from.offset);
    return from.bytes.toString('latin1', start, from.end).replace(/[ \0]+$/, '');
  },
  write(value, to) {
    const start = reserve(to, value.length);
    to.bytes.write(value, start, 'latin1');
  },
};

/** All bytes up to the enclosing length. */
export const bytes: Field<Buffer> = {
  read: (from) => from.bytes.subarray(advance(from, from.end - from.offset), from.end),
  write(value, to) {
    const start = reserve(to, value.length);
    value.copy(to.bytes, start);
  },
};

/** A length, then what it measures. Bytes that `inner` leaves unread are skipped. */
export const prefixed = <T>(length: Field<number>, inner: Field<T>): Field<T> => ({
  read(from) {
    const size = length.read(from);
    const outer = from.end;
    const end = advance(from, size) + size;
    from.offset = end - size;
    from.end = end;
    const value = inner.read(from);
    from.offset = end;
    from.end = outer;
    return value;
  },
  write(value, to) {
    const start = to.length;
    length.write(0, to);
    const body = to.length;
    inner.write(value, to);
    const head: Sink = { bytes: Buffer.alloc(4), length: 0 };
    if (to.length - body > 0xffff && length === u16) {
      throw new DicomError('malformed', `${to.length - body} bytes do not fit a 16-bit length`);
    }
    length.write(to.length - body, head);
    head.bytes.copy(to.bytes, start, 0, head.length);
  },
});

/** As many as the enclosing length holds. */
export const list = <T>(inner: Field<T>): Field<T[]> => ({
  read(from) {
    const values: T[] = [];
    while (from.offset < from.end) values.push(inner.read(from));
    return values;
  },
  write(values, to) {
    for (const value of values) inner.write(value, to);
  },
});

type Shape = { readonly [name: string]: Part };
type Named<S extends Shape> = { -readonly [K in keyof S as S[K] extends Field<undefined> ? never : K]: Decoded<S[K]> };

/** Fields one after the other; reserved ones have no place in the value. */
export function struct<S extends Shape>(shape: S): Field<Named<S>> {
  const fields = Object.entries(shape) as [string, Field<unknown>][];
  return {
    read(from) {
      const value: Record<string, unknown> = {};
      for (const [name, field] of fields) {
        from.field = name;
        const read = field.read(from);
        if (read !== undefined) value[name] = read;
      }
      return value as Named<S>;
    },
    write(value, to) {
      for (const [name, field] of fields) field.write((value as Record<string, unknown>)[name], to);
    },
  };
}

export type Unknown = { type: 'unknown'; code: number; bytes: Buffer };
type Variants = { readonly [type: string]: readonly [code: number, body: Part] };
export type Union<V extends Variants> = { [K in keyof V]: { type: K } & Decoded<V[K][1]> }[keyof V] | Unknown;

/** One type byte, one reserved, a length, a body by the type. A type nobody declared is the variant `unknown` (UL-6). */
export function tagged<V extends Variants>(length: Field<number>, variants: V): Field<Union<V>> {
  const byCode = new Map<number, readonly [string, Field<unknown>]>();
  const byType = new Map<string, readonly [number, Field<unknown>]>();
  for (const [type, [code, body]] of Object.entries(variants)) {
    const measured = prefixed(length, body as Field<unknown>);
    byCode.set(code, [type, measured]);
    byType.set(type, [code, measured]);
  }
  const opaque = prefixed(length, bytes);
  const pad = reserved(1);
  return {
    read(from) {
      const code = u8.read(from);
      pad.read(from);
      const [type, body] = byCode.get(code) ?? [undefined, opaque];
      if (type === undefined) return { type: 'unknown', code, bytes: opaque.read(from) } as Union<V>;
      return { type, ...(body.read(from) as object) } as Union<V>;
    },
    write(value, to) {
      const unknown = value as Unknown;
      const [code, body] = byType.get(String(value.type)) ?? [unknown.code, undefined];
      u8.write(code, to);
      pad.write(undefined, to);
      if (body === undefined) opaque.write(unknown.bytes, to);
      else body.write(value, to);
    },
  };
}
