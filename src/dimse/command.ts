// TABLES of PS3.7 9.3, 10.3 and Annex E: command fields and group 0000, and its encoding: Implicit VR Little Endian (D-1).

import { DicomError } from './errors.ts';

type CommandVr = 'US' | 'UI' | 'AE' | 'LO' | 'AT';

/** Command elements that a message may carry, by tag order (PS3.7 E.1). Group length and retired ones are not kept. */
const ELEMENTS = {
  affectedSopClassUid: [0x0002, 'UI'],
  requestedSopClassUid: [0x0003, 'UI'],
  commandField: [0x0100, 'US'],
  messageId: [0x0110, 'US'],
  messageIdBeingRespondedTo: [0x0120, 'US'],
  moveDestination: [0x0600, 'AE'],
  priority: [0x0700, 'US'],
  commandDataSetType: [0x0800, 'US'],
  status: [0x0900, 'US'],
  offendingElement: [0x0901, 'AT'],
  errorComment: [0x0902, 'LO'],
  errorId: [0x0903, 'US'],
  affectedSopInstanceUid: [0x1000, 'UI'],
  requestedSopInstanceUid: [0x1001, 'UI'],
  eventTypeId: [0x1002, 'US'],
  attributeIdentifierList: [0x1005, 'AT'],
  actionTypeId: [0x1008, 'US'],
  numberOfRemainingSuboperations: [0x1020, 'US'],
  numberOfCompletedSuboperations: [0x1021, 'US'],
  numberOfFailedSuboperations: [0x1022, 'US'],
  numberOfWarningSuboperations: [0x1023, 'US'],
  moveOriginatorAeTitle: [0x1030, 'AE'],
  moveOriginatorMessageId: [0x1031, 'US'],
} as const satisfies Record<string, readonly [element: number, vr: CommandVr]>;

type ElementName = keyof typeof ELEMENTS;
/** In memory: US a number, UI, AE and LO text without padding, AT tags of eight hex digits. */
type ValueOf<V extends CommandVr> = V extends 'US' ? number : V extends 'AT' ? string[] : string;
type Elements = { [K in ElementName]?: ValueOf<(typeof ELEMENTS)[K][1]> };

/** A command set as it is in memory. */
export type Command = Elements & {
  commandField: number;
  commandDataSetType: number;
  /** (0008,0058): belongs into the identifier, but Orthanc puts it here. Read, never written. */
  failedSopInstanceUids?: string[];
};

/** (0000,0800): no data set follows. Any other value: one does (D-3). */
export const NO_DATA_SET = 0x0101;
const DATA_SET = 0x0001;

/** The bit that makes a response of a request's command field. */
const RESPONSE = 0x8000;

/** Command fields by message name, with what a request cannot do without. Responses are the same with bit 15 (PS3.7 E.1). */
export const COMMANDS = {
  'C-STORE': [0x0001, ['messageId', 'affectedSopClassUid', 'affectedSopInstanceUid']],
  'C-GET': [0x0010, ['messageId', 'affectedSopClassUid']],
  'C-FIND': [0x0020, ['messageId', 'affectedSopClassUid']],
  'C-MOVE': [0x0021, ['messageId', 'affectedSopClassUid', 'moveDestination']],
  'C-ECHO': [0x0030, ['messageId']],
  'C-CANCEL': [0x0fff, ['messageIdBeingRespondedTo']],
  // N-EVENT-REPORT and N-CREATE name the Affected class and instance, the others the Requested ones (T-64).
  'N-EVENT-REPORT': [0x0100, ['messageId', 'affectedSopClassUid', 'affectedSopInstanceUid', 'eventTypeId']],
  'N-GET': [0x0110, ['messageId', 'requestedSopClassUid', 'requestedSopInstanceUid']],
  'N-SET': [0x0120, ['messageId', 'requestedSopClassUid', 'requestedSopInstanceUid']],
  'N-ACTION': [0x0130, ['messageId', 'requestedSopClassUid', 'requestedSopInstanceUid', 'actionTypeId']],
  'N-CREATE': [0x0140, ['messageId', 'affectedSopClassUid']],
  'N-DELETE': [0x0150, ['messageId', 'requestedSopClassUid', 'requestedSopInstanceUid']],
} as const satisfies Record<string, readonly [field: number, required: readonly ElementName[]]>;

export type CommandName = keyof typeof COMMANDS;

const BY_FIELD = new Map<number, CommandName>(
  (Object.keys(COMMANDS) as CommandName[]).map((name) => [COMMANDS[name][0], name]),
);
const BY_ELEMENT = new Map<number, readonly [ElementName, CommandVr]>(
  (Object.keys(ELEMENTS) as ElementName[]).map((name) => [ELEMENTS[name][0], [name, ELEMENTS[name][1]]]),
);

/** Priority (0000,0700), D-4. */
export const PRIORITY = { medium: 0x0000, high: 0x0001, low: 0x0002 } as const;

export const isResponse = (command: Command): boolean => (command.commandField & RESPONSE) !== 0;
export const hasDataSet = (command: Command): boolean => command.commandDataSetType !== NO_DATA_SET;

/** The service a command belongs to, request or response; undefined for a command field nobody defined. */
export const serviceOf = (command: Command): CommandName | undefined => BY_FIELD.get(command.commandField & ~RESPONSE);

/** «C-FIND-RSP», for logs and errors. */
export function nameOf(command: Command): string {
  const service = serviceOf(command);
  if (service !== undefined) return `${service}-${isResponse(command) ? 'RSP' : 'RQ'}`;
  return `command ${command.commandField.toString(16).padStart(4, '0').toUpperCase()}H`;
}

/** A request's command set. */
export const requestCommand = (name: CommandName, elements: Elements, dataSet = false): Command => ({
  ...elements,
  commandField: COMMANDS[name][0],
  commandDataSetType: dataSet ? DATA_SET : NO_DATA_SET,
});

/** The response to a request: echoes its message ID and its SOP class, as Affected whatever the request called it. */
export function responseCommand(request: Command, status: number, elements: Elements = {}, dataSet = false): Command {
  const sopClassUid = request.affectedSopClassUid ?? request.requestedSopClassUid;
  return {
    ...(sopClassUid !== undefined && { affectedSopClassUid: sopClassUid }),
    commandField: request.commandField | RESPONSE,
    ...(request.messageId !== undefined && { messageIdBeingRespondedTo: request.messageId }),
    commandDataSetType: dataSet ? DATA_SET : NO_DATA_SET,
    status,
    ...elements,
  };
}

/** Throws DicomError('protocol') naming the element that a message cannot do without and lacks. */
export function checkRequired(command: Command): void {
  const service = serviceOf(command);
  if (service === undefined) return;
  const required: readonly ElementName[] = isResponse(command)
    ? ['messageIdBeingRespondedTo', 'status']
    : COMMANDS[service][1];
  const missing = required.find((name) => command[name] === undefined);
  if (missing !== undefined) {
    throw new DicomError('protocol', `${nameOf(command)} lacks ${missing}`, { operation: service, field: missing });
  }
}

const PADDING = { UI: 0x00, AE: 0x20, LO: 0x20, US: 0x00, AT: 0x00 } as const satisfies Record<CommandVr, number>;

type CommandValue = number | string | readonly string[];

/** Bytes of a value field: even (D-2). */
function lengthOf(value: CommandValue): number {
  if (typeof value === 'number') return 2;
  if (typeof value === 'string') return value.length + (value.length & 1);
  return 4 * value.length;
}

/** Writes one element and returns where the next one begins. */
function writeElement(to: Buffer, offset: number, element: number, vr: CommandVr, value: CommandValue): number {
  const length = lengthOf(value);
  const end = offset + 8 + length;
  to.writeUInt16LE(0, offset);
  to.writeUInt16LE(element, offset + 2);
  to.writeUInt32LE(length, offset + 4);
  if (typeof value === 'number') to.writeUInt16LE(value, offset + 8);
  else if (typeof value === 'string') {
    if (value.length % 2 === 1) to[end - 1] = PADDING[vr];
    for (let at = 0; at < value.length; at += 1) to[offset + 8 + at] = value.charCodeAt(at);
  } else {
    value.forEach((tag, index) => {
      to.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), offset + 8 + 4 * index);
      to.writeUInt16LE(Number.parseInt(tag.slice(4), 16), offset + 10 + 4 * index);
    });
  }
  return end;
}

const ORDERED = (Object.keys(ELEMENTS) as ElementName[]).map((name) => [name, ...ELEMENTS[name]] as const);
/** (0000,0000) itself: header and UL. */
const GROUP_LENGTH = 12;

/** Group 0000 with its group length first, ascending, even lengths (D-1, D-2). */
export function encodeCommand(command: Command): Buffer {
  let length = 0;
  for (const [name] of ORDERED) {
    const value = command[name];
    if (value !== undefined) length += 8 + lengthOf(value);
  }
  const bytes = Buffer.allocUnsafe(GROUP_LENGTH + length);
  bytes.writeUInt32LE(0, 0);
  bytes.writeUInt32LE(4, 4);
  bytes.writeUInt32LE(length, 8);
  let offset = GROUP_LENGTH;
  for (const [name, element, vr] of ORDERED) {
    const value = command[name];
    if (value !== undefined) offset = writeElement(bytes, offset, element, vr, value);
  }
  return bytes;
}

/** Text of bytes[start, end) without the spaces around it, and without the NULs behind. */
function unpadded(bytes: Buffer, start: number, end: number): string {
  let first = start;
  let last = end;
  while (last > first && (bytes[last - 1] === 0x20 || bytes[last - 1] === 0x00)) last -= 1;
  while (first < last && bytes[first] === 0x20) first += 1;
  return bytes.latin1Slice(first, last);
}

function decodeValue(vr: CommandVr, bytes: Buffer, start: number, end: number, name: ElementName): CommandValue {
  if (vr === 'US') {
    if (end - start < 2)
      throw new DicomError('protocol', `command set: ${name} has ${end - start} bytes`, { field: name });
    return bytes.readUInt16LE(start);
  }
  if (vr === 'AT') {
    const hex = (offset: number) => bytes.readUInt16LE(offset).toString(16).padStart(4, '0').toUpperCase();
    return Array.from({ length: (end - start) >> 2 }, (_, index) => {
      const offset = start + 4 * index;
      return hex(offset) + hex(offset + 2);
    });
  }
  return unpadded(bytes, start, end);
}

const FAILED_SOP_INSTANCE_UID_LIST = 0x0058;

/** Throws DicomError('protocol') for bytes that are no command set. Elements nobody knows are skipped. */
export function decodeCommand(bytes: Buffer): Command {
  // Some peers leave (0000,0800) out of messages that never have a data set.
  const elements: Record<string, CommandValue> = { commandDataSetType: NO_DATA_SET };
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes.length - offset < 8) throw new DicomError('protocol', 'command set ends inside an element');
    const group = bytes.readUInt16LE(offset);
    const element = bytes.readUInt16LE(offset + 2);
    const start = offset + 8;
    const end = start + bytes.readUInt32LE(offset + 4);
    if (end > bytes.length) throw new DicomError('protocol', 'command set ends inside a value');
    offset = end;
    if (group === 0x0008 && element === FAILED_SOP_INSTANCE_UID_LIST)
      elements.failedSopInstanceUids = unpadded(bytes, start, end).split('\\').filter(Boolean);
    const row = group === 0 ? BY_ELEMENT.get(element) : undefined;
    if (row !== undefined && end > start) elements[row[0]] = decodeValue(row[1], bytes, start, end, row[0]);
  }
  if (typeof elements.commandField !== 'number') {
    throw new DicomError('protocol', 'command set lacks commandField', { field: 'commandField' });
  }
  return elements as Command;
}
