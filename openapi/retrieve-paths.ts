// WADO-RS and WADO-URI in the contract (PS3.18 chapters 9 and 10.4).

import { type HeaderName, headers } from './headers.ts';
import {
  ACCEPT,
  content,
  DATASET,
  type Operation,
  PATH_PARAMETERS,
  type Parameter,
  type PathItem,
  parametersOf,
  problems,
  type Reference,
  related,
  UNCHANGED,
} from './shared.ts';

const STUDY = '/studies/{study}';
const SERIES = `${STUDY}/series/{series}`;
const INSTANCE = `${SERIES}/instances/{instance}`;
const FRAMES = `${INSTANCE}/frames/{frames}`;
const LEVELS = { Study: STUDY, Series: SERIES, Instance: INSTANCE } as const;

/** PS3.18 Table 8.7.3-5. */
const COMPRESSED = [
  'image/jpeg',
  'image/dicom-rle',
  'image/jls',
  'image/jp2',
  'image/jpx',
  'image/jphc',
  'image/jxl',
  'application/x-deflate',
  'video/mpeg',
  'video/mp4',
  'video/H265',
];
const BULK = ['application/octet-stream', ...COMPRESSED];
const PICTURES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/jp2', 'image/jph', 'image/jxl'];
/** What reports, waveforms, video and encapsulated documents are rendered to. */
const OTHERS = [
  'text/html',
  'text/plain',
  'text/xml',
  'image/svg+xml',
  'video/mp4',
  'video/mpeg',
  'video/H265',
  'application/pdf',
  'model/stl',
  'model/obj',
  'model/mtl',
];

/** The parameters that stand in a path. */
export function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name = '']) => PATH_PARAMETERS[name] ?? []);
}

/** The headers of what was retrieved. */
const WHOLE: readonly HeaderName[] = ['ETag', 'AcceptRanges', 'ContentLocation', 'ContentDisposition', 'Warning'];

function get(
  operationId: string,
  summary: string,
  parameters: readonly (Parameter | Reference)[],
  types: string[],
): Operation {
  const body = content(types, { type: 'array', items: DATASET });
  return {
    operationId,
    summary,
    tags: ['Retrieve'],
    parameters: [...parameters],
    responses: {
      200: { description: 'Everything that was asked for', headers: headers(...WHOLE), content: body },
      206: {
        description: 'The range of a single part; or all but what the PACS could not send: see Warning',
        headers: headers(...WHOLE, 'ContentRange'),
        content: body,
      },
      304: UNCHANGED,
      ...problems(400, 404, 406, 414, 416),
    },
  };
}

function item(path: string, operation: Operation): PathItem {
  return { parameters: pathParameters(path), get: operation };
}

function instances(): Record<string, PathItem> {
  const types = [related('application/dicom'), ...BULK.map(related), 'application/zip'];
  const entries = Object.entries(LEVELS).map(([level, path]): [string, PathItem] => {
    const offered = level === 'Instance' ? [...types, 'application/dicom'] : types;
    const operation = get(`retrieve${level}`, `The instances of a ${level.toLowerCase()}`, [ACCEPT], offered);
    return [path, item(path, operation)];
  });
  return Object.fromEntries(entries);
}

function perLevel(): Record<string, PathItem> {
  const paths: Record<string, PathItem> = {};
  for (const [level, path] of Object.entries(LEVELS)) {
    const add = (name: string, operation: Operation): void => {
      paths[`${path}/${name}`] = item(path, operation);
    };
    const metadata = ['application/dicom+json', 'application/json', related('application/dicom+xml')];
    add('metadata', get(`metadata${level}`, 'All attributes, large values by BulkDataURI', [ACCEPT], metadata));
    const single = level === 'Instance' ? BULK : [];
    const bulk = [...BULK.map(related), ...single];
    add('bulkdata', get(`bulkdata${level}`, 'Every bulk data value', [ACCEPT], bulk));
    add('pixeldata', get(`pixeldata${level}`, 'Pixel data', [ACCEPT], bulk));
    const rendered = [...PICTURES, ...OTHERS];
    const pictures = [...rendered.map(related), ...(level === 'Instance' ? rendered : [])];
    add('rendered', get(`rendered${level}`, 'Pictures for the screen', parametersOf('Rendered'), pictures));
    add('thumbnail', get(`thumbnail${level}`, 'One small picture', parametersOf('Thumbnail'), PICTURES));
  }
  return paths;
}

function perInstance(): Record<string, PathItem> {
  const bulkPath = `${INSTANCE}/bulkdata/{path}`;
  const both = [...BULK.map(related), ...BULK];
  const pictures = [...PICTURES.map(related), ...PICTURES];
  return {
    [bulkPath]: item(
      bulkPath,
      get('bulkdata', 'One bulk data value', [ACCEPT], [...both, related('application/pdf'), 'application/pdf']),
    ),
    [FRAMES]: item(FRAMES, get('frames', 'Frames as stored, native, or encoded as asked', [ACCEPT], both)),
    [`${FRAMES}/rendered`]: item(
      FRAMES,
      get('renderedFrames', 'Pictures of frames', parametersOf('Rendered'), pictures),
    ),
    [`${FRAMES}/thumbnail`]: item(
      FRAMES,
      get('thumbnailFrames', 'A small picture of the first of the frames', parametersOf('Thumbnail'), PICTURES),
    ),
  };
}

export const RETRIEVE_PATHS: Record<string, PathItem> = { ...instances(), ...perLevel(), ...perInstance() };

/** PS3.18 Tables 9.1.2-1, 9.4.1-1 and 9.5.1-1: name, what it is, whether it must be there. */
const WADO_PARAMETERS: readonly (readonly [string, string, boolean])[] = [
  ['requestType', 'WADO', true],
  ['studyUID', 'Study Instance UID', true],
  ['seriesUID', 'Series Instance UID', true],
  ['objectUID', 'SOP Instance UID', true],
  ['contentType', 'application/dicom, or a list of rendered types; image/jpeg when absent', false],
  ['transferSyntax', 'of application/dicom; Explicit VR Little Endian when absent', false],
  ['anonymize', 'yes: de-identified (PS3.15 E); of application/dicom', false],
  ['charset', 'of text', false],
  ['frameNumber', 'from 1', false],
  ['rows', 'height to fit in', false],
  ['columns', 'width to fit in', false],
  ['region', 'xmin,ymin,xmax,ymax from 0 to 1', false],
  ['windowCenter', 'with windowWidth', false],
  ['windowWidth', 'with windowCenter', false],
  ['imageQuality', '1 to 100', false],
  ['imageAnnotation', 'patient, technique; also under the name annotation', false],
  ['presentationSeriesUID', 'with presentationUID', false],
  ['presentationUID', 'a presentation state of the study to show the image under', false],
];

const SINGLE: readonly HeaderName[] = ['ETag', 'AcceptRanges', 'ContentLocation'];
const WADO_TYPES = content(['application/dicom', ...PICTURES, ...OTHERS]);

export const WADO_URI: PathItem = {
  get: {
    operationId: 'wadoUri',
    summary: 'WADO-URI: one instance, as PS3.10 or as a picture',
    tags: ['WADO-URI'],
    parameters: WADO_PARAMETERS.map(([name, description, required]) => ({
      name,
      in: 'query',
      description,
      required,
      schema: { type: 'string' },
    })),
    responses: {
      200: { description: 'The instance', headers: headers(...SINGLE), content: WADO_TYPES },
      206: { description: 'The range of it', headers: headers(...SINGLE, 'ContentRange'), content: WADO_TYPES },
      304: UNCHANGED,
      ...problems(400, 404, 406, 416),
    },
  },
};
