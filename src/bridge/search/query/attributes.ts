// TABLE of attributes by the level they are matched and returned at: PS3.4 C.6.1.1 and C.6.2.1, PS3.18 Tables 10.6.1-5 and
// 10.6.3-3 to 10.6.3-5, and the modules of PS3.3 that belong to patient, study and series.

import { tagOf } from '../../../dimse/data/dictionary.ts';
import type { QueryLevel } from '../../pacs/pacs.ts';
import type { ResourceLevel } from '../../resource.ts';

/** What a search does at one level of the information model. */
export type LevelRow = {
  queryLevel: QueryLevel;
  /** Tag of the unique key (PS3.4 C.6.2.1). */
  unique: string;
  /** Returned always, without Value where there is none (type R and U of PS3.18 10.6.3.3). */
  required: readonly string[];
  /** Asked for always, returned where known (type C). */
  known: readonly string[];
  /** Added by includefield=all (PS3.18 10.6.3.3). */
  all: readonly string[];
};

const tags = (keywords: string): readonly string[] => keywords.trim().split(/\s+/).map(tag);

function tag(keyword: string): string {
  const found = tagOf(keyword);
  if (found === undefined) throw new Error(`the dictionary lacks ${keyword}`);
  return found;
}

export const LEVELS: Record<ResourceLevel, LevelRow> = {
  study: {
    queryLevel: 'STUDY',
    unique: tag('StudyInstanceUID'),
    required: tags(`
      StudyDate StudyTime AccessionNumber ModalitiesInStudy ReferringPhysicianName PatientName PatientID PatientBirthDate
      PatientSex StudyInstanceUID StudyID NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances`),
    known: [],
    all: tags(`
      IssuerOfPatientID ReferencedPatientSequence PatientBirthTime OtherPatientIDsSequence OtherPatientNames EthnicGroup
      PatientComments NumberOfPatientRelatedStudies NumberOfPatientRelatedSeries NumberOfPatientRelatedInstances
      SOPClassesInStudy AnatomicRegionsInStudyCodeSequence StudyDescription ProcedureCodeSequence
      NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription ReferencedStudySequence PatientAge PatientSize
      PatientWeight Occupation AdditionalPatientHistory OtherStudyNumbers`),
  },
  series: {
    queryLevel: 'SERIES',
    unique: tag('SeriesInstanceUID'),
    required: tags('Modality SeriesInstanceUID SeriesNumber NumberOfSeriesRelatedInstances'),
    known: tags(`
      SeriesDescription PerformedProcedureStepStartDate PerformedProcedureStepStartTime RequestAttributesSequence`),
    all: tags(`
      SeriesDate SeriesTime BodyPartExamined Laterality ProtocolName OperatorsName PerformingPhysicianName Manufacturer
      ManufacturerModelName InstitutionName StationName PatientPosition PerformedProcedureStepDescription
      PerformedProcedureStepID FrameOfReferenceUID`),
  },
  instance: {
    queryLevel: 'IMAGE',
    unique: tag('SOPInstanceUID'),
    required: tags('SOPClassUID SOPInstanceUID InstanceNumber'),
    known: tags('Rows Columns BitsAllocated NumberOfFrames AvailableTransferSyntaxUID'),
    all: tags(`
      AlternateRepresentationSequence RelatedGeneralSOPClassUID ConceptNameCodeSequence ContentTemplateSequence
      ContainerIdentifier SpecimenDescriptionSequence ContentDate ContentTime AcquisitionNumber AcquisitionDate
      AcquisitionTime ImageType InstanceCreationDate InstanceCreationTime`),
  },
};

/** The levels from the top down. */
export const LEVEL_ORDER: readonly ResourceLevel[] = ['study', 'series', 'instance'];

/** Known when the PACS says so by itself; never a key: PS3.4 C.4.1.1.3.1 and C.4.1.1.3.2. */
export const ANSWER_ONLY: readonly string[] = tags('InstanceAvailability TimezoneOffsetFromUTC');

/** Attributes of the query itself, not of what is searched for: neither matched nor returned (PS3.4 C.4.1.1.3). */
export const PLUMBING: readonly string[] = tags(`
  SpecificCharacterSet QueryRetrieveLevel QueryRetrieveView RetrieveAETitle RetrieveURL InstanceAvailability
  PriorRecordKey RecordKey MaximumNumberOfRecords DataSetTrailingPadding`);

/** Date and time attributes that match as one moment (PS3.18 8.3.4.1.1, PS3.4 C.2.2.2.5.4). */
export const DATE_TIME_PAIRS: readonly (readonly [date: string, time: string])[] = [
  [tag('StudyDate'), tag('StudyTime')],
  [tag('SeriesDate'), tag('SeriesTime')],
  [tag('PerformedProcedureStepStartDate'), tag('PerformedProcedureStepStartTime')],
  [tag('AcquisitionDate'), tag('AcquisitionTime')],
  [tag('ContentDate'), tag('ContentTime')],
];

/** Patient attributes are study attributes in the Study Root model (PS3.4 C.6.2.1). Beside these: all of group 0010. */
const OF_STUDY = new Set([
  ...LEVELS.study.required,
  ...LEVELS.study.all,
  ...tags(`
    ReferringPhysicianIdentificationSequence ConsultingPhysicianName PhysiciansOfRecord
    PhysiciansReadingStudyIdentificationSequence IssuerOfAccessionNumberSequence RequestingService
    RequestingServiceCodeSequence ReasonForPerformedProcedureCodeSequence AdmissionID IssuerOfAdmissionIDSequence
    ServiceEpisodeID ServiceEpisodeDescription AdmittingDiagnosesCodeSequence VisitComments PatientIdentityRemoved
    DeidentificationMethod DeidentificationMethodCodeSequence ClinicalTrialSponsorName ClinicalTrialProtocolID
    ClinicalTrialProtocolName ClinicalTrialSiteID ClinicalTrialSiteName ClinicalTrialSubjectID
    ClinicalTrialSubjectReadingID ClinicalTrialTimePointID ClinicalTrialTimePointDescription`),
]);

const OF_SERIES = new Set([
  ...LEVELS.series.required,
  ...LEVELS.series.known,
  ...LEVELS.series.all,
  ...tags(`
    SeriesDescriptionCodeSequence PerformingPhysicianIdentificationSequence OperatorIdentificationSequence
    ReferencedPerformedProcedureStepSequence RelatedSeriesSequence SmallestPixelValueInSeries LargestPixelValueInSeries
    PerformedProcedureStepEndDate PerformedProcedureStepEndTime PerformedProtocolCodeSequence
    CommentsOnThePerformedProcedureStep AnatomicalOrientationType InstitutionAddress InstitutionalDepartmentName
    DeviceSerialNumber SoftwareVersions SpatialResolution PositionReferenceIndicator SynchronizationFrameOfReferenceUID
    ClinicalTrialCoordinatingCenterName ClinicalTrialSeriesID ClinicalTrialSeriesDescription`),
]);

/**
 * The level an attribute belongs to. What is known of neither patient, study nor series belongs to the instance; a private
 * attribute could be of any level and is taken at the level of the search (undefined).
 */
export function levelOfAttribute(attribute: string): ResourceLevel | undefined {
  if (isPrivate(attribute)) return undefined;
  if (OF_SERIES.has(attribute)) return 'series';
  if (attribute.startsWith('0010') || OF_STUDY.has(attribute)) return 'study';
  return 'instance';
}

/** PS3.5 7.8: odd groups. */
export function isPrivate(attribute: string): boolean {
  return Number.parseInt(attribute.slice(3, 4), 16) % 2 === 1;
}

/** `(gggg,bbee)` → the tag `(gggg,00bb)` of the element that holds its Private Creator (PS3.5 7.8.1). */
export function creatorOf(attribute: string): string {
  return `${attribute.slice(0, 4)}00${attribute.slice(4, 6)}`;
}

/** Whether a tag is itself a Private Creator, `(gggg,0010-00FF)` of an odd group. */
export function isCreator(attribute: string): boolean {
  return isPrivate(attribute) && attribute.startsWith('00', 4) && Number.parseInt(attribute.slice(6), 16) >= 0x10;
}
