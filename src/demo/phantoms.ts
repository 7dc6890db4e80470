// The phantom studies of the demo: six studies of five invented patients, one for each way that pixels come.

import { ExplicitLittle, ImplicitLittle } from '../dimse/data/transfer-syntax.ts';
import { jisText } from './japanese.ts';
import { type Contents, type PhantomStudy, phantomStudy, uidOf } from './phantom.ts';
import { ctSlices } from './phantom-ct.ts';
import { enhancedMr } from './phantom-enhanced.ts';
import { mammogram } from './phantom-mammogram.ts';
import { mrSlices, T1 } from './phantom-mr.ts';
import { encapsulatedPdf } from './phantom-pdf.ts';
import { radiograph } from './phantom-radiograph.ts';
import { usCine } from './phantom-us.ts';

const CT_SLICES = 24;
const MR_SLICES = 20;
const US_FRAMES = 24;
const ENHANCED_FRAMES = 12;

function patient(name: string, id: string, birthDate: string, sex: 'F' | 'M' | 'O'): Contents {
  return { PatientName: name, PatientID: id, PatientBirthDate: birthDate, PatientSex: sex };
}

function visit(date: string, time: string, accession: string, id: string, description: string): Contents {
  return {
    StudyDate: date,
    StudyTime: time,
    AccessionNumber: accession,
    StudyID: id,
    StudyDescription: description,
    ReferringPhysicianName: 'Weiß^Käthe^^Dr.',
  };
}

function frameOfReference(name: string): Contents {
  return { FrameOfReferenceUID: uidOf(`${name}/frame-of-reference`), PositionReferenceIndicator: null };
}

const GRUENWALD = patient('Grünwald^Änne', 'PHANTOM-1', '19570214', 'F');

/** All phantom studies; nothing is drawn until an instance is built. */
export function phantomStudies(): PhantomStudy[] {
  return [chestCt(), chestRadiograph(), headMr(), heartUltrasound(), mammography()];
}

function chestCt(): PhantomStudy {
  const when = { SeriesDate: '20240311', SeriesTime: '084510' };
  const axial = {
    ...when,
    SeriesDescription: 'Thorax axial 5 mm',
    BodyPartExamined: 'CHEST',
    PatientPosition: 'HFS',
    ...frameOfReference('ct'),
  };
  return phantomStudy(
    {
      key: 'ct',
      title: 'CT of a chest, with a PDF report',
      patient: GRUENWALD,
      study: visit('20240311', '084500', 'A-1001', 'CT1', 'CT Thorax'),
    },
    [
      {
        series: { key: '1', number: 1, modality: 'CT', transferSyntaxUid: ExplicitLittle, contents: axial },
        instances: ctSlices(CT_SLICES),
      },
      {
        series: {
          key: '2',
          number: 2,
          modality: 'DOC',
          transferSyntaxUid: ExplicitLittle,
          contents: { ...when, SeriesDescription: 'Report' },
        },
        instances: [
          encapsulatedPdf('Phantom report', [
            'CT of the chest: a body of ellipses, two lungs, nine ribs and a heart.',
            'Everything in this study was computed. There is no patient.',
          ]),
        ],
      },
    ],
  );
}

function chestRadiograph(): PhantomStudy {
  return phantomStudy(
    {
      key: 'cr',
      title: 'CR of a chest, MONOCHROME1',
      patient: GRUENWALD,
      study: visit('20231120', '101200', 'A-0877', 'CR1', 'Chest PA'),
    },
    [
      {
        series: {
          key: '1',
          number: 1,
          modality: 'CR',
          transferSyntaxUid: ExplicitLittle,
          contents: {
            SeriesDate: '20231120',
            SeriesTime: '101300',
            SeriesDescription: 'Chest PA',
            BodyPartExamined: 'CHEST',
            Laterality: null,
          },
        },
        instances: [radiograph()],
      },
    ],
  );
}

function headMr(): PhantomStudy {
  const common = {
    SeriesDate: '20240502',
    BodyPartExamined: 'HEAD',
    PatientPosition: 'HFS',
    ...frameOfReference('mr'),
  };
  return phantomStudy(
    {
      key: 'mr',
      title: 'MR of a head: T1 slices and an enhanced multi-frame T2; Japanese names in ISO 2022',
      charset: ['', 'ISO 2022 IR 87'],
      patient: patient(jisText('Yamada^Tarou=山田^太郎=やまだ^たろう'), 'PHANTOM-2', '19631105', 'M'),
      study: {
        ...visit('20240502', '143000', 'A-1042', 'MR1', 'MR Head'),
        ReferringPhysicianName: jisText('Suzuki^Hanako=鈴木^花子=すずき^はなこ'),
      },
    },
    [
      {
        series: {
          key: '1',
          number: 1,
          modality: 'MR',
          transferSyntaxUid: ImplicitLittle,
          contents: { ...common, SeriesTime: '143210', SeriesDescription: 'T1 SE axial' },
        },
        instances: mrSlices(MR_SLICES, T1),
      },
      {
        series: {
          key: '2',
          number: 2,
          modality: 'MR',
          transferSyntaxUid: ExplicitLittle,
          contents: { ...common, SeriesTime: '144455', SeriesDescription: 'T2 TSE axial, enhanced' },
        },
        instances: [enhancedMr(ENHANCED_FRAMES)],
      },
    ],
  );
}

function heartUltrasound(): PhantomStudy {
  return phantomStudy(
    {
      key: 'us',
      title: 'Ultrasound cine of a heart, RGB',
      patient: patient('Иванова^Анна', 'PHANTOM-3', '19890731', 'F'),
      study: visit('20240618', '111500', 'A-1100', 'US1', 'Echocardiography'),
    },
    [
      {
        series: {
          key: '1',
          number: 1,
          modality: 'US',
          transferSyntaxUid: ExplicitLittle,
          contents: {
            SeriesDate: '20240618',
            SeriesTime: '111630',
            SeriesDescription: 'Apical, colour Doppler',
            BodyPartExamined: 'HEART',
          },
        },
        instances: [usCine(US_FRAMES)],
      },
    ],
  );
}

function mammography(): PhantomStudy {
  return phantomStudy(
    {
      key: 'mg',
      title: 'Mammogram of 3328 × 4096 pixels',
      patient: patient('Papadopoulou^Eleni=Παπαδοπούλου^Ελένη', 'PHANTOM-4', '19710922', 'F'),
      study: visit('20240709', '093000', 'A-1155', 'MG1', 'Mammography'),
    },
    [
      {
        series: {
          key: '1',
          number: 1,
          modality: 'MG',
          transferSyntaxUid: ExplicitLittle,
          contents: {
            SeriesDate: '20240709',
            SeriesTime: '093120',
            SeriesDescription: 'L MLO',
            BodyPartExamined: 'BREAST',
          },
        },
        instances: [mammogram()],
      },
    ],
  );
}
