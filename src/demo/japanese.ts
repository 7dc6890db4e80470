// Japanese text with code extensions (ISO 2022, JIS X 0208; PS3.5 H.3), as patient names come from many a modality.

import iconv from 'iconv-lite';

/** Invokes JIS X 0208 (ISO-IR 87), and goes back to ASCII (PS3.3 Table C.12-4). */
const TO_JIS = '\x1b$B';
const TO_ASCII = '\x1b(B';

/** The encoded bytes as text, which are all below 80H: what is not ASCII becomes JIS X 0208 between escape sequences. */
export function jisText(text: string): string {
  return text.replace(/[^\x00-\x7f]+/g, (run) => {
    // EUC-JP is JIS X 0208 with the highest bit of every byte set.
    const bytes = iconv.encode(run, 'euc-jp').map((byte) => byte & 0x7f);
    return TO_JIS + Buffer.from(bytes).toString('latin1') + TO_ASCII;
  });
}
