// What the package dicom-character-set offers, as far as it is used.

declare module 'dicom-character-set' {
  /** Throws for terms and escape sequences that it does not know. */
  export function convertBytes(specificCharacterSet: string, bytes: Uint8Array, options?: { vr?: string }): string;
}
