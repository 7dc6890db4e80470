// Whether a codestream gives back what went into it, where its transfer syntax leaves that open: JPEG-LS, JPEG 2000, HTJ2K.

const CODING_STYLE = 0xff52;
const START_OF_SCAN = 0xffda;

/** Whether the wavelet of COD is the reversible one (ISO 15444-1 A.6.1). */
export function isReversibleJpeg2000(codestream: Buffer): boolean {
  const start = codestream.indexOf('ff4fff51', 0, 'hex');
  for (let at = start + 2; start >= 0 && at + 14 <= codestream.length; at += 2 + codestream.readUInt16BE(at + 2)) {
    if (codestream.readUInt16BE(at) === CODING_STYLE) return codestream[at + 13] === 1;
  }
  return false;
}

/** Whether NEAR of the first scan is 0 (ISO 14495-1 C.2.3). */
export function isReversibleJpegLs(codestream: Buffer): boolean {
  for (let at = 2; at + 5 <= codestream.length; at += 2 + codestream.readUInt16BE(at + 2)) {
    if (codestream.readUInt16BE(at) !== START_OF_SCAN) continue;
    return codestream[at + 5 + 2 * (codestream[at + 4] ?? 0)] === 0;
  }
  return false;
}
