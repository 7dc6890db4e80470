// The questions of the differential test, as a table: every resource of QIDO-RS with every type of matching, includefield and
// paging, and of WADO-RS what two archives can be compared by.

import type { Loaded } from '../../support/archive-files.ts';

/** What an answer is compared by: rows by UID, their number alone, data sets, parts, bytes of one part, size of a picture, status. */
export type Compared = 'rows' | 'count' | 'metadata' | 'parts' | 'bytes' | 'picture' | 'status';

export type Question = { path: string; by: Compared; accept?: string };

const JSON_MODEL = 'application/dicom+json';
const INSTANCES = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const FRAMES = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';

/** Matching of PS3.4 C.2.2.2 that an archive of foreign files has answers to, at the level of studies. */
const STUDY_MATCHES = [
  '',
  'PatientID=*',
  'PatientID=1*',
  'PatientID=?2*',
  '00100020=*A*',
  'PatientName=A*',
  'PatientName=*^*',
  'PatientName=*%5E*',
  'PatientName=anon*',
  'PatientSex=M',
  'PatientSex=F',
  'PatientBirthDate=19000101-19601231',
  'StudyDate=20040119',
  'StudyDate=19940101-19991231',
  'StudyDate=20100101-',
  'StudyDate=-19951231',
  'StudyTime=080000-120000',
  'StudyDate=20000101-20051231&PatientSex=M',
  'StudyDescription=*e*',
  'StudyDescription=*HEAD*',
  'AccessionNumber=*1*',
  'AccessionNumber=0000',
  'ReferringPhysicianName=A*',
  'StudyID=1',
  'StudyID=*0*',
  'ModalitiesInStudy=CT',
  'ModalitiesInStudy=MR',
  'ModalitiesInStudy=US',
  'ModalitiesInStudy=SR',
  'ModalitiesInStudy=XX',
  'PatientID=nobody',
  'StudyInstanceUID=1.2.3.4.5.6.7.8.9',
  'PatientSex=O&includefield=00081030,PatientAge',
  'PatientID=1*&includefield=all',
  'PatientName=A*&includefield=StudyDescription',
];

const SERIES_MATCHES = [
  '',
  'Modality=CT',
  'Modality=MR',
  'Modality=*R',
  'SeriesNumber=1',
  'SeriesDescription=*a*',
  'PatientSex=M',
  'StudyDate=20000101-20021231',
  'Modality=US&includefield=SeriesDescription',
  'Modality=US&includefield=all',
];
const INSTANCE_MATCHES = [
  '',
  'InstanceNumber=1&Modality=US',
  'SOPClassUID=1.2.840.10008.5.1.4.1.1.2,1.2.840.10008.5.1.4.1.1.4&StudyDate=20000101-20051231',
];
const PAGES = ['limit=1', 'limit=5', 'limit=5&offset=3', 'offset=10', 'offset=100000', 'limit=7&offset=2&PatientID=*'];

/** What is wrong with the request, or isn't there. */
const FAULTS = [
  '/studies?limit=x',
  '/studies?offset=-1',
  '/studies?PatientID=A&PatientID=B',
  '/studies?StudyDate=2004*',
  '/studies?StudyDate=yesterday',
  '/studies?fuzzymatching=perhaps',
  '/studies?NoSuchAttribute=1',
  '/studies/1.2.3.4.5.6.7.8.9',
  '/studies/1.2.3.4.5.6.7.8.9/metadata',
  '/studies/1.2.3.4.5.6.7.8.9/series/1.2/metadata',
  '/studies/1.2.3.4.5.6.7.8.9/series/1.2/instances/1.3',
  '/studies/1.2.3.4.5.6.7.8.9/series/1.2/instances/1.3/frames/1',
  '/studies/1.2.3.4.5.6.7.8.9/series/1.2/instances/1.3/rendered',
  '/nothing',
];

const of = (by: Compared, accept: string, paths: readonly string[]): Question[] =>
  paths.map((path) => ({ path, by, accept }));
const search = (path: string, matches: readonly string[]) =>
  matches.map((match) => (match ? `${path}?${match}` : path));
const study = (file: Loaded) => `/studies/${file.study}`;
const series = (file: Loaded) => `${study(file)}/series/${file.series}`;
const instance = (file: Loaded) => `${series(file)}/instances/${file.instance}`;

/** @param some one file each of several studies @param pictures files with an image that can be rendered */
export function questions(some: readonly Loaded[], pictures: readonly Loaded[]): Question[] {
  const [first, second] = some;
  if (first === undefined || second === undefined) throw new Error('too few files');
  const uids = `${first.study},${second.study}`;
  return [
    ...of('rows', JSON_MODEL, search('/studies', STUDY_MATCHES)),
    ...of('rows', JSON_MODEL, [`/studies?StudyInstanceUID=${first.study}`, `/studies?0020000d=${uids}`]),
    ...of('rows', JSON_MODEL, search('/series', SERIES_MATCHES)),
    ...of('rows', JSON_MODEL, search('/instances', INSTANCE_MATCHES)),
    ...of('count', JSON_MODEL, search('/studies', PAGES)),
    ...of('count', JSON_MODEL, search('/series', PAGES.slice(2, 3))),
    ...some.flatMap((file) => [
      ...of('rows', JSON_MODEL, [`${study(file)}/series`, `${study(file)}/instances`, `${series(file)}/instances`]),
      ...of('rows', JSON_MODEL, [`${series(file)}/instances?SOPInstanceUID=${file.instance}`]),
      ...of('count', JSON_MODEL, search(`${study(file)}/instances`, PAGES.slice(0, 2))),
      ...of('rows', JSON_MODEL, [`${study(file)}/series?includefield=SeriesDescription`]),
      ...of(
        'metadata',
        JSON_MODEL,
        [study, series, instance].map((level) => `${level(file)}/metadata`),
      ),
      ...of('parts', INSTANCES, [study(file), series(file), instance(file)]),
    ]),
    ...pictures.flatMap((file) => [
      ...of('parts', FRAMES, [`${instance(file)}/frames/1`]),
      ...of('picture', 'image/png', [`${instance(file)}/rendered`, `${instance(file)}/frames/1/rendered`]),
      ...of('picture', 'image/jpeg', [`${instance(file)}/rendered?viewport=100,100`]),
      ...of('status', FRAMES, [`${instance(file)}/frames/99999`, `${instance(file)}/frames/0`]),
    ]),
    ...FAULTS.map((path): Question => ({ path, by: 'status' })),
  ];
}
