// Where the gateway and Orthanc's DICOMweb plugin differ, and why that is no fault of the gateway.

import type { Difference } from './compare.ts';
import type { Question } from './questions.ts';

export type Known = { why: string; holds(question: Question, difference: Difference): boolean };

/** Rows that the archive finds by a wildcard and the gateway drops, or the other way round. */
const isExtraRow = ({ what, ours }: Difference) => what === 'row' && ours === true;
const isMissingRow = ({ what, ours }: Difference) => what === 'row' && ours === false;
const isStatus = ({ what, ours, theirs }: Difference, here: number, there: number) =>
  what === 'status' && ours === here && theirs === there;

/** Instances of the corpus with pixel data of odd length. */
const PADDED = new Set([
  '1.2.840.113704.1.111.1111.1111111111.1111',
  '1.2.826.0.1.3680043.2.1143.6234428899086018376578420169896863246',
]);

export const DIFFERENCES: readonly Known[] = [
  {
    why: 'a lone * matches what has no value too (PS3.4 C.2.2.2.4): Orthanc leaves that out',
    holds: ({ path }, difference) => /=\*$/.test(path) && isExtraRow(difference),
  },
  {
    why: 'the plugin does not undo %5E in a value; with a bare ^ it finds the same',
    holds: ({ path }, difference) => path.includes('%5E') && isExtraRow(difference),
  },
  {
    why: 'only names match without regard to case (PS3.4 C.2.2.2.1, C.2.2.2.4): Orthanc ignores the case of all text',
    holds: ({ path }, difference) => /=\*[a-zA-Z]+\*$/.test(path) && isMissingRow(difference),
  },
  {
    why: 'a code string is of the default repertoire (PS3.5 6.1.2.3): Orthanc decodes it by Specific Character Set',
    holds: ({ by }, { what, ours }) => by === 'rows' && what === '00100040' && /[^ -~]/.test(JSON.stringify(ours)),
  },
  {
    why: 'the plugin reads attributes of studies and series from each instance, where instances contradict each other',
    holds: ({ path, by }, { what }) =>
      by === 'rows' && /^\/(instances|series|studies)\b/.test(path) && ['00080030', '00080060'].includes(what),
  },
  {
    why: 'JSON is UTF-8, and Specific Character Set says so (PS3.18 F.2)',
    holds: ({ by }, { what, ours }) =>
      by === 'metadata' && what === '00080005' && /ISO_IR 192/.test(JSON.stringify(ours)),
  },
  {
    why: 'Available Transfer Syntax UID is added by the gateway',
    holds: ({ by }, { what, theirs }) => by === 'metadata' && what === '00083002' && theirs === undefined,
  },
  {
    why: 'the plugin leaves compressed pixel data out of metadata',
    holds: ({ by }, { what, theirs }) => by === 'metadata' && what === '7FE00010' && theirs === undefined,
  },
  {
    why: 'the VR of a private attribute is not known from Implicit VR (PS3.5 6.2.2): DCMTK has a dictionary of them',
    holds: ({ by }, { what, ours }) =>
      by === 'metadata' && /^...[13579BDF]/.test(what) && (ours as { vr?: string } | undefined)?.vr === 'UN',
  },
  {
    why: 'pixel data of 8 bits are OB or OW (PS3.5 A.2) where the stored encoding does not say',
    holds: ({ by }, { what, ours, theirs }) =>
      by === 'metadata' &&
      what === '7FE00010' &&
      /"OB"/.test(JSON.stringify(ours)) &&
      /"OW"/.test(JSON.stringify(theirs)),
  },
  {
    why: 'Data Set Trailing Padding (PS3.10 7.2) is no content',
    holds: ({ by }, { what, ours }) => by === 'metadata' && what === 'FFFCFFFC' && ours === undefined,
  },
  {
    why: 'the plugin reads only the first of several character sets',
    holds: ({ by }, { what, theirs }) =>
      by === 'metadata' && what === '00100010' && /;3ED/.test(JSON.stringify(theirs)),
  },
  {
    why: 'OD and OF are bulk data or InlineBinary (PS3.18 Table F.2.3-1): the plugin writes numbers',
    holds: ({ by }, { what, ours }) =>
      by === 'metadata' && what === '006A0002' && /"O[DF]","bulk"/.test(JSON.stringify(ours)),
  },
  {
    why: 'a number that loses by being one stays text: -0 is not 0',
    holds: ({ by }, { ours }) => by === 'metadata' && /"-0\.0+(e\+00)?"/.test(JSON.stringify(ours)),
  },
  {
    why: 'Implicit VR, Big Endian and deflated data sets never leave the gateway (PS3.18 8.7.3)',
    holds: (_, { what, ours, theirs }) =>
      what === 'syntax' &&
      ours === '1.2.840.10008.1.2.1' &&
      ['1.2.840.10008.1.2', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99'].includes(String(theirs)),
  },
  {
    why: 'over DIMSE Orthanc pads pixel data and fragments of odd length; over the web it gives the stored file as it is',
    holds: (_, { what, of = '' }) => what === 'part' && PADDED.has(of),
  },
  {
    why: 'a frame that there is not is not found (PS3.18 10.4.3.3)',
    holds: ({ path }, difference) => path.endsWith('/frames/99999') && isStatus(difference, 404, 400),
  },
  {
    why: 'what has no picture or frames is not acceptable: the request was in order',
    holds: ({ path }, difference) => /frames|rendered/.test(path) && isStatus(difference, 406, 400),
  },
  {
    why: 'a viewport is what the picture fits in (PS3.18 8.3.5.1.3): pixels that are not square keep their shape',
    holds: ({ path }, { what }) => /viewport/.test(path) && what === 'size',
  },
  {
    why: 'unknown attributes, repeated ones, and values that are none are bad requests (PS3.18 8.3.4.1)',
    holds: ({ path }, difference) =>
      /NoSuchAttribute|PatientID=A&PatientID=B|yesterday|offset=-1/.test(path) &&
      difference.what === 'status' &&
      difference.ours === 400,
  },
];
