// The value representations (PS3.5 6.2, Table 6.2-1) and everything that depends on nothing but them: the form of the
// header, the padding, the JSON form, the size of a value, and whether Specific Character Set matters.

export type Vr =
  | (
      | 'AE'
      | 'AS'
      | 'AT'
      | 'CS'
      | 'DA'
      | 'DS'
      | 'DT'
      | 'FD'
      | 'FL'
      | 'IS'
      | 'LO'
      | 'LT'
      | 'OB'
      | 'OD'
      | 'OF'
      | 'OL'
      | 'OV'
    )
  | (
      | 'OW'
      | 'PN'
      | 'SH'
      | 'SL'
      | 'SQ'
      | 'SS'
      | 'ST'
      | 'SV'
      | 'TM'
      | 'UC'
      | 'UI'
      | 'UL'
      | 'UN'
      | 'UR'
      | 'US'
      | 'UT'
      | 'UV'
    );

/** How values look in the DICOM JSON model (PS3.18 F.2.3): `decimal` is a number, or text where a number would lose. */
export type VrKind = 'text' | 'decimal' | 'name' | 'number' | 'big' | 'tag' | 'binary' | 'sequence';

export type VrProperties = {
  vr: Vr;
  kind: VrKind;
  /** In explicit VR: two reserved bytes and a 32-bit length (PS3.5 7.1.2, Table 7.1-1); else a 16-bit length. */
  long: boolean;
  /** Bytes of one value, or of one word of a binary value: the unit of byte swapping. 1 for text. */
  size: 1 | 2 | 4 | 8;
  /** Byte that makes an odd length even (PS3.5 6.2). */
  pad: 0x20 | 0x00;
  /** A backslash separates values (PS3.5 6.4). */
  multiple: boolean;
  /** Specific Character Set applies (PS3.5 6.1.2.3). */
  charset: boolean;
  /** DICOM JSON allows BulkDataURI (PS3.18 F.2.2). */
  bulk: boolean;
  /** Longest value: characters for text, undefined without a limit of its own (PS3.5 Table 6.2-1). */
  maxLength?: number;
};

type Flags = { long?: true; pad?: 0; single?: true; charset?: true; bulk?: true; max?: number };

function row(vr: Vr, kind: VrKind, size: 1 | 2 | 4 | 8, flags: Flags = {}): VrProperties {
  const { long = false, pad = 0x20, single = false, charset = false, bulk = false, max } = flags;
  const properties: VrProperties = { vr, kind, size, long, pad, multiple: !single, charset, bulk };
  return max === undefined ? properties : { ...properties, maxLength: max };
}

const BINARY: Flags = { long: true, pad: 0, single: true, bulk: true };

/** One row for each value representation, PS3.5 Table 6.2-1. */
export const VRS: Readonly<Record<Vr, VrProperties>> = {
  AE: row('AE', 'text', 1, { max: 16 }),
  AS: row('AS', 'text', 1, { max: 4 }),
  AT: row('AT', 'tag', 2, { pad: 0 }),
  CS: row('CS', 'text', 1, { max: 16 }),
  DA: row('DA', 'text', 1, { max: 18 }),
  DS: row('DS', 'decimal', 1, { bulk: true, max: 16 }),
  DT: row('DT', 'text', 1, { max: 54 }),
  FD: row('FD', 'number', 8, { pad: 0, bulk: true }),
  FL: row('FL', 'number', 4, { pad: 0, bulk: true }),
  IS: row('IS', 'decimal', 1, { bulk: true, max: 12 }),
  LO: row('LO', 'text', 1, { charset: true, max: 64 }),
  LT: row('LT', 'text', 1, { single: true, charset: true, bulk: true, max: 10240 }),
  OB: row('OB', 'binary', 1, BINARY),
  OD: row('OD', 'binary', 8, BINARY),
  OF: row('OF', 'binary', 4, BINARY),
  OL: row('OL', 'binary', 4, BINARY),
  OV: row('OV', 'binary', 8, BINARY),
  OW: row('OW', 'binary', 2, BINARY),
  PN: row('PN', 'name', 1, { charset: true, max: 64 }),
  SH: row('SH', 'text', 1, { charset: true, max: 16 }),
  SL: row('SL', 'number', 4, { pad: 0, bulk: true }),
  SQ: row('SQ', 'sequence', 1, { long: true, pad: 0 }),
  SS: row('SS', 'number', 2, { pad: 0, bulk: true }),
  ST: row('ST', 'text', 1, { single: true, charset: true, bulk: true, max: 1024 }),
  SV: row('SV', 'big', 8, { long: true, pad: 0, bulk: true }),
  TM: row('TM', 'text', 1, { max: 28 }),
  UC: row('UC', 'text', 1, { long: true, charset: true, bulk: true }),
  UI: row('UI', 'text', 1, { pad: 0, max: 64 }),
  UL: row('UL', 'number', 4, { pad: 0, bulk: true }),
  UN: row('UN', 'binary', 1, BINARY),
  UR: row('UR', 'text', 1, { long: true, single: true }),
  US: row('US', 'number', 2, { pad: 0, bulk: true }),
  UT: row('UT', 'text', 1, { long: true, single: true, charset: true, bulk: true }),
  UV: row('UV', 'big', 8, { long: true, pad: 0, bulk: true }),
};

/** Whether two letters are a value representation of PS3.5 Table 6.2-1. */
export function isVr(letters: string): letters is Vr {
  return Object.hasOwn(VRS, letters);
}

const BY_LETTERS: (VrProperties | undefined)[] = [];
for (const properties of Object.values(VRS)) {
  BY_LETTERS[(properties.vr.charCodeAt(0) - 0x41) * 26 + properties.vr.charCodeAt(1) - 0x41] = properties;
}

/** The properties of the VR that two bytes of an explicit VR header spell; undefined when they spell none. */
export function vrOfBytes(first: number, second: number): VrProperties | undefined {
  if (first < 0x41 || first > 0x5a || second < 0x41 || second > 0x5a) return undefined;
  return BY_LETTERS[(first - 0x41) * 26 + second - 0x41];
}
