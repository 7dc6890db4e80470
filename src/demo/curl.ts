// Commands for a shell that show what the gateway does with the phantom studies; each works when it is pasted.

import { type PhantomStudy, uidOf } from './phantom.ts';

export type CurlCommand = { title: string; command: string };

const JSON_TYPE = 'application/dicom+json';
const BOUNDARY = 'dicomweb-demo';

/** The commands for a gateway at `baseUrl`; those of WADO-URI go to `wado` beside its last segment. */
export function curlCommands(baseUrl: string, studies: readonly PhantomStudy[]): CurlCommand[] {
  const ct = placeOf(baseUrl, studies, 'ct', '1', 12);
  const us = placeOf(baseUrl, studies, 'us', '1', 1);
  const mg = placeOf(baseUrl, studies, 'mg', '1', 1);
  const wado = `${new URL('wado', baseUrl)}?requestType=WADO&${ct.wadoUri}`;
  return [
    { title: 'All studies (QIDO-RS)', command: get(`${baseUrl}/studies`, JSON_TYPE) },
    { title: "A patient's studies, by name", command: get(`${baseUrl}/studies?PatientName=gr*`, JSON_TYPE) },
    {
      title: 'Studies of March 2024 with CT',
      command: get(`${baseUrl}/studies?StudyDate=20240301-20240331&ModalitiesInStudy=CT`, JSON_TYPE),
    },
    { title: 'The series of a study', command: get(`${ct.study}/series`, JSON_TYPE) },
    { title: 'Metadata of an instance (WADO-RS)', command: get(`${ct.instance}/metadata`, JSON_TYPE) },
    {
      title: 'A CT slice, rendered with a lung window',
      command: get(`${ct.instance}/rendered?window=-600,1500,linear`, 'image/jpeg', 'ct.jpg'),
    },
    {
      title: 'A frame of the ultrasound loop as PNG',
      command: get(`${us.instance}/frames/8/rendered`, 'image/png', 'us.png'),
    },
    { title: 'A thumbnail of the mammogram', command: get(`${mg.instance}/thumbnail`, 'image/jpeg', 'mg.jpg') },
    {
      title: 'The pixels of a frame, as they are',
      command: get(`${ct.instance}/frames/1`, multipart('application/octet-stream'), 'frame.multipart'),
    },
    { title: 'A whole study', command: get(ct.study, multipart('application/dicom'), 'study.multipart') },
    { title: 'A picture by WADO-URI', command: get(`${wado}&contentType=image/jpeg`, undefined, 'wado.jpg') },
    {
      title: 'An instance as a DICOM file, by WADO-URI',
      command: get(`${wado}&contentType=application/dicom`, undefined, 'ct.dcm'),
    },
    { title: 'Store that file (STOW-RS)', command: stow(`${baseUrl}/studies`, 'ct.dcm') },
  ];
}

function get(url: string, accept?: string, file?: string): string {
  const header = accept === undefined ? '' : ` -H 'Accept: ${accept}'`;
  return `curl -sS${file === undefined ? '' : ` -o ${file}`}${header} '${url}'`;
}

function multipart(type: string): string {
  return `multipart/related; type="${type}"; transfer-syntax=*`;
}

/** One part by hand: curl itself has no multipart/related. */
function stow(url: string, file: string): string {
  const head = `printf '%s\\r\\n' '--${BOUNDARY}' 'Content-Type: application/dicom' ''`;
  const tail = `printf '\\r\\n%s\\r\\n' '--${BOUNDARY}--'`;
  const type = `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`;
  return `(${head}; cat ${file}; ${tail}) | curl -sS -H 'Content-Type: ${type}' -H 'Accept: ${JSON_TYPE}' --data-binary @- '${url}'`;
}

type Place = { study: string; instance: string; wadoUri: string };

/** URLs of a phantom by the keys of its study and series, and its number. */
function placeOf(
  baseUrl: string,
  studies: readonly PhantomStudy[],
  key: string,
  series: string,
  number: number,
): Place {
  const seriesUid = uidOf(`${key}/${series}`);
  const instanceUid = uidOf(`${key}/${series}/${number}`);
  const studyUid = studies.find((study) =>
    study.instances.some((each) => each.sopInstanceUid === instanceUid),
  )?.studyInstanceUid;
  const study = `${baseUrl}/studies/${studyUid}`;
  return {
    study,
    instance: `${study}/series/${seriesUid}/instances/${instanceUid}`,
    wadoUri: `studyUID=${studyUid}&seriesUID=${seriesUid}&objectUID=${instanceUid}`,
  };
}
