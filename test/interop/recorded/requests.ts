// TABLE of what real clients send, as recorded from them, and what each must get: OHIF, cornerstone3D, the two dicomweb-clients,
// Google's dcmweb, dicomweb-dump.

import { fragmentsOf, NAME, type Sample, type Samples, samplesOf, stored } from './archive.ts';
import type { Fields } from './exact.ts';
import { all, cornerstoneFrame, decoded, type Expect, instance, part, picture, rows, single } from './expectations.ts';

/** `host`: where the gateway listens, with its port. */
type FieldsAt = (host: string) => Fields;

export type Recorded = { who: string; target: string; fields: FieldsAt; expect: Expect };

const EXPLICIT = '1.2.840.10008.1.2.1';
const JSON_MODEL = 'application/dicom+json';
const OCTETS = 'multipart/related; type="application/octet-stream"';
const ANY_FRAME = 'multipart/related; type=application/octet-stream; transfer-syntax=*';
const NAVIGATION = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8';

/** The headers of a page's own requests; the viewer is of another origin. */
export const VIEWER = 'http://viewer.example:3000';
const browser =
  (accept: string): FieldsAt =>
  (host) => [
    ['Host', host],
    ['Connection', 'keep-alive'],
    ['Accept', accept],
    ['Origin', VIEWER],
    ['Referer', `${VIEWER}/`],
    ['Accept-Encoding', 'gzip, deflate, br, zstd'],
    ['Accept-Language', 'en-US,en;q=0.9'],
  ];
/** python-requests; `Host` is the name alone, whatever the port. */
const python =
  (accept: string): FieldsAt =>
  (host) => [
    ['Host', host.replace(/:\d+$/, '')],
    ['User-Agent', 'python-requests/2.32.3'],
    ['Accept-Encoding', 'gzip, deflate'],
    ['Accept', accept],
    ['Connection', 'keep-alive'],
  ];

const seriesOf = ({ study, series }: Sample) => `/dicomweb/studies/${study}/series/${series}`;
const pathOf = (sample: Sample) => `${seriesOf(sample)}/instances/${sample.instance}`;
const uriOf = ({ study, series, instance: object }: Sample) =>
  `/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${object}`;

export function recorded(samples: Samples): Recorded[] {
  return [...searches(samples), ...ohif(samples), ...others(samples)];
}

function searches(samples: Samples): Recorded[] {
  const { ct, ecg, palette } = samples;
  const studies = [...new Set(Object.values(samples).map(({ study }) => study))];
  const LIST = 'limit=101&offset=0&fuzzymatching=true&includefield=00081030%2C00080060%2C00080090%2C00100030';
  const WANTED = ['00080020', '00080061', '00100010', '00100020', '00201206', '00201208', '00081190'];
  const of = (who: string, target: string, expect: Expect): Recorded => {
    return { who, target, expect, fields: browser(JSON_MODEL) };
  };
  const study = (uid: string) => rows('0020000D', [uid], WANTED);
  const ofPatient = rows('0020000D', [ct.study, samples.jpeg2000.study], WANTED);
  const name = encodeURIComponent(NAME);
  return [
    of('OHIF: the study list', `/dicomweb/studies?${LIST}`, rows('0020000D', studies, WANTED)),
    of('OHIF: the list filtered by name', `/dicomweb/studies?PatientName=*CompressedSamples*&${LIST}`, ofPatient),
    of('OHIF: a study is opened', `/dicomweb/studies?${LIST}&StudyInstanceUID=${ct.study}`, study(ct.study)),
    of('OHIF: priors', `/dicomweb/studies?00100020=1CT1&${LIST}`, ofPatient),
    of(
      'OHIF: series of the preview',
      `/dicomweb/studies/${ct.study}/series?includefield=0008103E%2C00080021`,
      rows('0020000E', [ct.series], ['00080060', '00201209']),
    ),
    of(
      'OHIF: series of the viewer',
      `/dicomweb/studies/${ct.study}/series?includefield=00080021%2C00080031%2C0008103E%2C00200011`,
      rows('0020000E', [ct.series], ['00200011']),
    ),
    of(
      'OHIF: metadata of a series',
      `${seriesOf(ct)}/metadata`,
      rows('00080018', [ct.instance], ['00280010', '7FE00010']),
    ),
    of(
      'OHIF: metadata of a study',
      `/dicomweb/studies/${palette.study}/metadata`,
      rows('00080018', [palette.instance]),
    ),
    of('%2A and %5E', '/dicomweb/studies?PatientName=%2A%5EAda&limit=5', study(ecg.study)),
    of('* and ^ as they are', '/dicomweb/studies?PatientName=*^Ada&limit=5', study(ecg.study)),
    of('a name in UTF-8, its plus as %2B', `/dicomweb/studies?PatientName=${name}`, study(ecg.study)),
    of('a plus that is no blank', `/dicomweb/studies?PatientName=${name.replace('%2B', '+')}`, study(ecg.study)),
    of('%20 and %2F', '/dicomweb/studies?PatientID=ECG%2B1%20a%2Fb', study(ecg.study)),
    {
      who: 'python dicomweb-client: search_for_studies',
      target: `/dicomweb/studies?PatientID=1CT1&limit=10&includefield=00081030`,
      fields: python(JSON_MODEL),
      expect: ofPatient,
    },
  ];
}

function ohif(samples: Samples): Recorded[] {
  const { ct, frames, jpeg2000, palette, pdf, ecg } = samples;
  const of = (what: string, target: string, accept: string, expect: Expect): Recorded => {
    return { who: `OHIF: ${what}`, target, fields: browser(accept), expect };
  };
  const QUOTED = 'multipart/related; type="application/octet-stream"; transfer-syntax="*"';
  const PDF = 'multipart/related; type="application/pdf", multipart/related; type="application/octet-stream"';
  const document = () => stored(pdf, '00420011');
  const codestream = () => Buffer.concat(fragmentsOf(jpeg2000));
  const LUTS = ['00281201', '00281202', '00281203'];
  return [
    of(
      'a native frame',
      `${pathOf(ct)}/frames/1`,
      ANY_FRAME,
      cornerstoneFrame(EXPLICIT, () => stored(ct, '7FE00010')),
    ),
    of(
      'a compressed frame',
      `${pathOf(jpeg2000)}/frames/1`,
      ANY_FRAME,
      cornerstoneFrame(jpeg2000.transferSyntaxUid, codestream),
    ),
    of(
      'a compressed frame, quoted',
      `${pathOf(jpeg2000)}/frames/1`,
      QUOTED,
      cornerstoneFrame(jpeg2000.transferSyntaxUid, codestream),
    ),
    ...[1, 5, 10].map((n) =>
      of(
        `frame ${n} of many`,
        `${pathOf(frames)}/frames/${n}`,
        ANY_FRAME,
        cornerstoneFrame(frames.transferSyntaxUid, () => fragmentsOf(frames)[n - 1] ?? Buffer.alloc(0)),
      ),
    ),
    of('bulk data of a PDF', `${pathOf(pdf)}/bulkdata/00420011`, PDF, part('application/pdf', document)),
    ...LUTS.map((tag) =>
      of(
        `palette ${tag}`,
        `${pathOf(palette)}/bulkdata/${tag}`,
        OCTETS,
        part('application/octet-stream', () => stored(palette, tag)),
      ),
    ),
    of(
      'samples of an ECG',
      `${pathOf(ecg)}/bulkdata/54000100/0/54001010`,
      'application/octet-stream',
      single('application/octet-stream', () => samplesOf(ecg)),
    ),
    of(
      'a thumbnail',
      `${seriesOf(ct)}/thumbnail?viewport=256,256`,
      'image/jpeg',
      picture('jpeg', { width: 256, height: 256 }),
    ),
    of(
      'rendered, by its accept parameter',
      `${pathOf(ct)}/rendered?accept=image/jpeg`,
      OCTETS,
      picture('jpeg', { width: 128, height: 128 }),
    ),
    of('a PDF as a page', `${pathOf(pdf)}/rendered`, NAVIGATION, single('application/pdf', document)),
    of(
      'bulk data of a PDF as a page',
      `${pathOf(pdf)}/bulkdata/00420011`,
      NAVIGATION,
      single('application/pdf', document),
    ),
    of(
      'bulk data as a single part',
      `${pathOf(palette)}/bulkdata/00281201`,
      '*/*',
      single('application/octet-stream', () => stored(palette, '00281201')),
    ),
    of(
      'WADO-URI, as stored',
      `${uriOf(jpeg2000)}&contentType=application/dicom&transferSyntax=*`,
      ANY_FRAME,
      instance(jpeg2000, jpeg2000.transferSyntaxUid, 'single'),
    ),
  ];
}

function others(samples: Samples): Recorded[] {
  const { ct, implicit, jpeg2000, frames, pdf } = samples;
  const of = (who: string, target: string, fields: FieldsAt, expect: Expect): Recorded => ({
    who,
    target,
    fields,
    expect,
  });
  const plain =
    (accept?: string): FieldsAt =>
    (host) => [['Host', host], ...(accept === undefined ? [] : ([['Accept', accept]] as const))];
  const j2k = jpeg2000.transferSyntaxUid;
  const codestream = () => Buffer.concat(fragmentsOf(jpeg2000));
  const pixels = (sample: Sample) => () => stored(sample, '7FE00010');
  const DICOM = 'multipart/related; type="application/dicom"';
  const whole = all(instance(jpeg2000, EXPLICIT, 'multipart'), decoded(jpeg2000, 'multipart'));
  const PYTHON = 'python dicomweb-client';
  return [
    of(
      'cornerstone wadouri:',
      `${uriOf(jpeg2000)}&contentType=application/dicom`,
      browser('*/*'),
      all(instance(jpeg2000, EXPLICIT, 'single'), decoded(jpeg2000, 'single')),
    ),
    of(
      'cornerstone wadors:',
      `${pathOf(implicit)}/frames/1`,
      browser(ANY_FRAME),
      cornerstoneFrame(EXPLICIT, pixels(implicit)),
    ),
    of(`${PYTHON}: retrieve_instance`, pathOf(jpeg2000), python(DICOM), whole),
    of(
      `${PYTHON}: retrieve_instance as stored`,
      pathOf(jpeg2000),
      python(`${DICOM}; transfer-syntax=*`),
      instance(jpeg2000, j2k, 'multipart'),
    ),
    of(
      `${PYTHON}: retrieve_instance_frames`,
      `${pathOf(ct)}/frames/1`,
      python(OCTETS),
      part(`application/octet-stream; transfer-syntax=${EXPLICIT}`, pixels(ct)),
    ),
    of(
      `${PYTHON}: frames as JPEG 2000`,
      `${pathOf(jpeg2000)}/frames/1`,
      python(`multipart/related; type="image/jp2"; transfer-syntax=${j2k}`),
      part(`image/jp2; transfer-syntax=${j2k}`, codestream),
    ),
    of(
      `${PYTHON}: frames as JPEG-LS`,
      `${pathOf(frames)}/frames/2`,
      python(`multipart/related; type="image/x-jls"; transfer-syntax=${frames.transferSyntaxUid}`),
      part(`image/jls; transfer-syntax=${frames.transferSyntaxUid}`, () => fragmentsOf(frames)[1] ?? Buffer.alloc(0)),
    ),
    of(
      `${PYTHON}: retrieve_bulkdata`,
      `${pathOf(pdf)}/bulkdata/00420011`,
      python('multipart/related; type="*/*"'),
      part('application/pdf', () => stored(pdf, '00420011')),
    ),
    of(
      `${PYTHON}: rendered`,
      `${pathOf(ct)}/rendered`,
      python('image/jpeg'),
      picture('jpeg', { width: 128, height: 128 }),
    ),
    of('JavaScript dicomweb-client: retrieveInstance', pathOf(jpeg2000), browser(DICOM), whole),
    of(
      'dcmweb: an instance as stored',
      pathOf(jpeg2000),
      plain('application/dicom; transfer-syntax=*'),
      instance(jpeg2000, j2k, 'single'),
    ),
    of(
      'dicomweb-dump: a search',
      `/dicomweb/studies?StudyInstanceUID=${ct.study}`,
      plain(),
      rows('0020000D', [ct.study]),
    ),
    of('dicomweb-dump: metadata', `${pathOf(ct)}/metadata`, plain(), rows('00080018', [ct.instance])),
    of('dicomweb-dump: an instance', pathOf(ct), plain(), instance(ct, EXPLICIT, 'multipart')),
    of(
      'dicomweb-dump: a frame',
      `${pathOf(ct)}/frames/1`,
      plain(),
      part(`application/octet-stream; transfer-syntax=${EXPLICIT}`, pixels(ct)),
    ),
    of('dicomweb-dump: rendered', `${pathOf(ct)}/rendered`, plain(), picture('jpeg', { width: 128, height: 128 })),
  ];
}
