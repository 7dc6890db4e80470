// TABLE directory records (PS3.3 F.5): which type of record stands for an instance, and the keys that a record of a type has.

/** The prefix of most storage SOP classes. */
const STORAGE = '1.2.840.10008.5.1.4.1.1.';

/** Type of record → SOP classes behind `STORAGE`; one that ends in a dot stands for all below it. What is in none is an IMAGE. */
const TYPES: readonly (readonly [type: string, classes: string])[] = [
  ['SPECTROSCOPY', '4.2'],
  ['WAVEFORM', '9.'],
  ['PRESENTATION', '11. 131'],
  ['RAW DATA', '66'],
  ['REGISTRATION', '66.1 66.3'],
  ['FIDUCIAL', '66.2'],
  ['SURFACE', '66.5'],
  ['TRACT', '66.6'],
  ['VALUE MAP', '67'],
  ['SURFACE SCAN', '68.'],
  ['STEREOMETRIC', '77.1.5.3'],
  ['MEASUREMENT', '78.1 78.2 78.3 78.4 78.5 78.7 78.8 80.1'],
  ['SR DOCUMENT', '78.6 79.1 88.'],
  ['KEY OBJECT DOC', '88.59'],
  ['ASSESSMENT', '90.1'],
  ['ANNOTATION', '91.1'],
  ['ENCAP DOC', '104.'],
  ['RT DOSE', '481.2'],
  ['RT STRUCTURE SET', '481.3'],
  ['RT TREAT RECORD', '481.4 481.6 481.7 481.9'],
  ['RT PLAN', '481.5 481.8'],
  ['RADIOTHERAPY', '481.10 481.11 481.12 481.13 481.14 481.15 481.16 481.17 481.18 481.19 481.20 481.21 481.22 481.25'],
];
const BY_CLASS = new Map(TYPES.flatMap(([type, classes]) => classes.split(' ').map((one) => [STORAGE + one, type])));
/** RT Beams and RT Brachy Application Setup Delivery Instruction. */
const PLANS = ['1.2.840.10008.5.1.4.34.7', '1.2.840.10008.5.1.4.34.10'];

const CONTENT = 'ContentDate ContentTime InstanceNumber';
const LABELLED = `${CONTENT} ContentLabel ContentDescription ContentCreatorName`;

/** Keys by keyword. An attribute of type 2 that an instance lacks is written empty; so is one of type 1, for want of a value. */
const KEYS: Readonly<Record<string, string>> = {
  PATIENT: 'PatientName PatientID', // F.5.1
  STUDY: 'StudyDate StudyTime AccessionNumber StudyDescription StudyInstanceUID StudyID', // F.5.2
  SERIES: 'Modality SeriesDescription SeriesInstanceUID SeriesNumber', // F.5.3; the description is optional
  IMAGE: 'ImageType NumberOfFrames Rows Columns InstanceNumber', // F.5.4; all but the last optional
  'RT DOSE': 'InstanceNumber DoseSummationType', // F.5.19
  'RT STRUCTURE SET': 'InstanceNumber StructureSetLabel StructureSetDate StructureSetTime', // F.5.20
  'RT PLAN': 'InstanceNumber RTPlanLabel RTPlanDate RTPlanTime', // F.5.21
  'RT TREAT RECORD': 'InstanceNumber TreatmentDate TreatmentTime', // F.5.22
  PRESENTATION: `PresentationCreationDate PresentationCreationTime ${LABELLED} ReferencedSeriesSequence`, // F.5.23
  WAVEFORM: CONTENT, // F.5.24
  'SR DOCUMENT': `${CONTENT} CompletionFlag VerificationFlag VerificationDateTime ConceptNameCodeSequence`, // F.5.25
  'KEY OBJECT DOC': `${CONTENT} ConceptNameCodeSequence`, // F.5.26
  SPECTROSCOPY: `ImageType ${CONTENT} NumberOfFrames Rows Columns DataPointRows DataPointColumns`, // F.5.27
  'RAW DATA': CONTENT, // F.5.28
  REGISTRATION: LABELLED, // F.5.29
  FIDUCIAL: LABELLED, // F.5.30
  'ENCAP DOC': `${CONTENT} ConceptNameCodeSequence DocumentTitle MIMETypeOfEncapsulatedDocument`, // F.5.33
  'VALUE MAP': LABELLED, // F.5.35
  STEREOMETRIC: '', // F.5.36
  PLAN: '', // F.5.38
  MEASUREMENT: LABELLED, // F.5.39
  SURFACE: LABELLED, // F.5.40
  'SURFACE SCAN': 'ContentDate ContentTime InstanceNumber', // F.5.41
  TRACT: LABELLED, // F.5.42
  ASSESSMENT: 'InstanceCreationDate InstanceCreationTime InstanceNumber', // F.5.43
  RADIOTHERAPY: 'InstanceNumber UserContentLabel UserContentLongLabel ContentDescription ContentCreatorName', // F.5.44
  ANNOTATION: LABELLED, // F.5.45
  PRIVATE: '', // F.6.1
};

/** The type of the record that stands for an instance of a SOP class. */
export function recordTypeOf(sopClassUid: string): string {
  const own = BY_CLASS.get(sopClassUid);
  if (own !== undefined) return own;
  if (PLANS.includes(sopClassUid)) return 'PLAN';
  if (!sopClassUid.startsWith(STORAGE)) return 'PRIVATE';
  const [family = ''] = sopClassUid.slice(STORAGE.length).split('.');
  return BY_CLASS.get(`${STORAGE}${family}.`) ?? 'IMAGE';
}

/** Keywords of the attributes that a record of `type` repeats from its instance. */
export function recordKeys(type: string): readonly string[] {
  return (KEYS[type] ?? '').split(' ').filter((keyword) => keyword !== '');
}
