// Methods that Node's Buffer has had since long and that @types/node leaves out: toString and write without looking up the
// encoding.

interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  utf8Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number): number;
}
