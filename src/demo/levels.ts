// Which attribute belongs to which level of the query/retrieve models (PS3.4 C.6.1.1, C.6.2.1), and what identifies a level.

import { tagOf } from '../dimse/data/dictionary.ts';
import { Tag } from '../dimse/data/tags.ts';

export type Level = 'PATIENT' | 'STUDY' | 'SERIES' | 'IMAGE';

/** Unique key of each level; `Patient ID` identifies a patient in the Patient Root model alone. */
export const UNIQUE_KEY: Readonly<Record<Level, string>> = {
  PATIENT: Tag.PatientID,
  STUDY: Tag.StudyInstanceUID,
  SERIES: Tag.SeriesInstanceUID,
  IMAGE: Tag.SOPInstanceUID,
};

/** PS3.4 Table C.6-1, and the patient attributes of the Study Root model (Table C.6-5). */
const PATIENT_KEYWORDS = [
  'PatientName PatientID IssuerOfPatientID TypeOfPatientID IssuerOfPatientIDQualifiersSequence PatientBirthDate',
  'PatientBirthTime PatientSex OtherPatientIDsSequence OtherPatientNames EthnicGroup PatientComments',
  'PatientSpeciesDescription PatientBreedDescription ResponsiblePerson QualityControlSubject',
].join(' ');

/** PS3.4 Table C.6-2. */
const STUDY_KEYWORDS = [
  'StudyDate StudyTime AccessionNumber IssuerOfAccessionNumberSequence StudyID StudyInstanceUID',
  'ReferringPhysicianName ReferringPhysicianIdentificationSequence StudyDescription ProcedureCodeSequence',
  'NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription ReferencedStudySequence PatientAge PatientSize',
  'PatientWeight Occupation AdditionalPatientHistory OtherStudyNumbers TimezoneOffsetFromUTC',
].join(' ');

/** PS3.4 Table C.6-3, and what else the General Series and Equipment modules say of a series (PS3.3 C.7.3, C.7.5). */
const SERIES_KEYWORDS = [
  'Modality SeriesNumber SeriesInstanceUID SeriesDescription SeriesDate SeriesTime Laterality BodyPartExamined',
  'ProtocolName PerformingPhysicianName OperatorsName PatientPosition FrameOfReferenceUID StationName InstitutionName',
  'InstitutionalDepartmentName Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions',
  'PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepID',
  'PerformedProcedureStepDescription RequestAttributesSequence ReferencedPerformedProcedureStepSequence',
].join(' ');

function tagsOf(keywords: string): ReadonlySet<string> {
  return new Set(keywords.split(' ').map((keyword) => tagOf(keyword) ?? ''));
}

const PATIENT_TAGS = tagsOf(PATIENT_KEYWORDS);
const STUDY_TAGS = tagsOf(STUDY_KEYWORDS);
const SERIES_TAGS = tagsOf(SERIES_KEYWORDS);

/** The level of an attribute: everything that is not said of a patient, study or series is said of the instance. */
export function levelOfTag(tag: string): Level {
  if (PATIENT_TAGS.has(tag)) return 'PATIENT';
  if (STUDY_TAGS.has(tag)) return 'STUDY';
  return SERIES_TAGS.has(tag) ? 'SERIES' : 'IMAGE';
}

/**
 * Required keys (type R): an entity whose attribute is there without a value counts as unknown, and matches any key
 * (PS3.4 C.2.2.1.2).
 */
export const REQUIRED_KEYS: ReadonlySet<string> = tagsOf(
  'PatientName PatientID StudyDate StudyTime AccessionNumber StudyID Modality SeriesNumber InstanceNumber',
);
