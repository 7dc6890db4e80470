// What the operations of the contract have in common: parameters, media types, problems.

import type { OpenAPIV3, OpenAPIV3_1 } from 'openapi-types';
import { type HeaderName, headers } from './headers.ts';

export type PathItem = NonNullable<OpenAPIV3_1.PathsObject[string]>;
export type Operation = NonNullable<PathItem['get']>;
// The package types the responses of an operation as those of both versions at once.
export type Response = OpenAPIV3_1.ResponseObject & OpenAPIV3.ResponseObject;
export type Content = NonNullable<Response['content']>;
export type Parameter = OpenAPIV3_1.ParameterObject;
export type Reference = OpenAPIV3_1.ReferenceObject;
type Schema = NonNullable<Parameter['schema']>;

const UID: Schema = { type: 'string', pattern: '^\\d+(\\.\\d+)*$', maxLength: 128, example: '1.2.840.113619.2.5' };

const inPath = (name: string, description: string, schema: Schema = UID): Parameter => ({
  name,
  in: 'path',
  description,
  schema,
  required: true,
});
const inQuery = (name: string, description: string, schema: Schema): Parameter => ({
  name,
  in: 'query',
  description,
  schema,
});

export const PATH_PARAMETERS: Readonly<Record<string, Parameter>> = {
  study: inPath('study', 'Study Instance UID'),
  series: inPath('series', 'Series Instance UID'),
  instance: inPath('instance', 'SOP Instance UID'),
  frames: inPath('frames', 'Frame numbers from 1, ascending, separated by commas', {
    type: 'string',
    pattern: '^\\d+(,\\d+)*$',
    example: '1,3,5',
  }),
  file: inPath('file', 'Name of a file that the page names', { type: 'string', example: 'swagger-ui.css' }),
  path: inPath('path', 'What stands behind /bulkdata/ in a BulkDataURI: tags and item numbers in turn', {
    type: 'string',
    example: '7FE00010',
  }),
};

export const ACCEPT = inQuery('accept', 'Media types as in the Accept header, without wildcards; goes before it', {
  type: 'string',
  example: 'application/dicom+json',
});
const TRUE_OR_FALSE: Schema = { type: 'string', enum: ['true', 'false'], default: 'false' };

/** PS3.18 Table 8.3.4-1. */
const SEARCH_PARAMETERS: readonly Parameter[] = [
  ACCEPT,
  {
    name: 'match',
    in: 'query',
    description: 'Any attribute by keyword, tag, or path of them (PatientName=DOE*, 00100020=1, ModalitiesInStudy=CT)',
    schema: { type: 'object', additionalProperties: { type: 'string' } },
    style: 'form',
    explode: true,
  },
  inQuery('includefield', 'Attributes to return besides the required ones, separated by commas, or all', {
    type: 'string',
  }),
  inQuery('limit', 'Results at most', { type: 'integer', minimum: 0 }),
  inQuery('offset', 'Results to skip', { type: 'integer', minimum: 0, default: 0 }),
  inQuery('fuzzymatching', 'Answered with a Warning: names are matched literally', TRUE_OR_FALSE),
  inQuery('emptyvaluematching', 'Whether two double quotes match an empty value (PS3.18 8.3.4.5)', TRUE_OR_FALSE),
  inQuery(
    'multiplevaluematching',
    'Whether a list of values must match a list of values (PS3.18 8.3.4.6)',
    TRUE_OR_FALSE,
  ),
];

const VIEWPORT = inQuery(
  'viewport',
  'Width and height to fit in, then optionally the region of the source: vw,vh[,sx,sy,sw,sh]',
  {
    type: 'string',
    example: '512,512',
  },
);

/** PS3.18 Table 8.3.5-1. */
const RENDERED_PARAMETERS: readonly Parameter[] = [
  ACCEPT,
  VIEWPORT,
  inQuery('quality', 'Quality of lossy media types', { type: 'integer', minimum: 1, maximum: 100 }),
  inQuery('window', 'center,width,function with function one of linear, linear-exact, sigmoid', {
    type: 'string',
    example: '40,400,linear',
  }),
  inQuery('depth', '16: image/png of 16 bits, for grey pictures (an extension)', { type: 'integer', enum: [8, 16] }),
  inQuery('annotation', 'patient, technique: burned into the picture; a thumbnail answers with a Warning', {
    type: 'string',
  }),
  inQuery('iccprofile', 'no, yes, srgb, adobergb, rommrgb, displayp3', { type: 'string' }),
];

const THUMBNAIL_PARAMETERS: readonly Parameter[] = [
  ACCEPT,
  { ...VIEWPORT, description: 'Width and height to fit in; 128,128 when absent' },
  inQuery('quality', 'Quality of lossy media types', { type: 'integer', minimum: 1, maximum: 100 }),
];

const BYTES: Schema = { type: 'string', format: 'binary' };
/** DICOM JSON model (PS3.18 Annex F). */
export const DATASET = { $ref: '#/components/schemas/Dataset' };

/** The components `Dataset`, `Attribute` and `PersonName` (PS3.18 F.2.2, Table F.2.3-1). */
export const SCHEMAS: Record<string, OpenAPIV3_1.SchemaObject> = {
  Dataset: {
    description: 'DICOM JSON model object: attributes by tag',
    type: 'object',
    patternProperties: { '^[0-9A-F]{8}$': { $ref: '#/components/schemas/Attribute' } },
    additionalProperties: false,
  } as OpenAPIV3_1.SchemaObject,
  Attribute: {
    type: 'object',
    required: ['vr'],
    properties: {
      vr: { type: 'string', pattern: '^[A-Z]{2}$' },
      Value: {
        type: 'array',
        minItems: 1,
        items: {
          anyOf: [
            { type: ['string', 'number', 'null'] },
            { $ref: '#/components/schemas/PersonName' },
            { $ref: '#/components/schemas/Dataset' },
          ],
        },
      },
      BulkDataURI: { type: 'string', format: 'uri-reference' },
      InlineBinary: { type: 'string', contentEncoding: 'base64' },
    },
    additionalProperties: false,
    maxProperties: 2,
  } as OpenAPIV3_1.SchemaObject,
  PersonName: {
    type: 'object',
    properties: {
      Alphabetic: { type: 'string' },
      Ideographic: { type: 'string' },
      Phonetic: { type: 'string' },
    },
    additionalProperties: false,
    minProperties: 1,
  },
};

/** Content of the given media types; JSON types get `schema`. */
export function content(mediaTypes: readonly string[], schema?: Schema | Reference): Content {
  return Object.fromEntries(
    mediaTypes.map((type) => [type, { schema: type.endsWith('json') ? (schema ?? { type: 'object' }) : BYTES }]),
  );
}

export const related = (type: string): string => `multipart/related; type="${type}"`;

const PROBLEM: Schema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'fault'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What went wrong, naming the parameter, or the PACS and the operation' },
    fault: { type: 'string' },
  },
};

/** The problems every operation can end with (RFC 9457); browsers get them as a page. */
const PROBLEMS: Readonly<Record<string, string>> = {
  400: 'A parameter, the path or the body breaks the syntax, or the PACS refused the query as such',
  403: 'The PACS refused: not authorised',
  404: 'Nothing there',
  405: 'The resource has no such method',
  406: 'No acceptable representation',
  408: 'The upload took too long',
  409: 'Nothing was stored',
  413: 'Beyond a limit',
  414: 'A segment of the path is too long',
  415: 'The request has a Content-Type that is not taken',
  416: 'The range begins beyond the end',
  431: 'The line and the headers of the request are too long',
  500: 'A bug of the gateway',
  501: 'The PACS does not offer the service',
  502: 'The PACS cannot be reached or failed',
  503: 'The PACS, or the gateway, is out of resources; Retry-After says when to come again',
  504: 'The PACS did not answer in time',
};

const PROBLEM_HEADERS: Readonly<Record<string, HeaderName[]>> = {
  405: ['Allow'],
  416: ['UnsatisfiableRange'],
  503: ['RetryAfter'],
};

/** The components `Problem400` and so on. */
export const PROBLEM_RESPONSES: Record<string, Response> = Object.fromEntries(
  Object.entries(PROBLEMS).map(([status, description]) => [
    `Problem${status}`,
    {
      description,
      headers: headers(...(PROBLEM_HEADERS[status] ?? [])),
      content: { 'application/problem+json': { schema: PROBLEM }, 'text/html': { schema: { type: 'string' } } },
    },
  ]),
);

/** What If-None-Match gives. */
export const UNCHANGED: Response = {
  description: 'Unchanged: If-None-Match names its ETag',
  headers: headers('UnchangedETag', 'ContentLocation', 'ContentDisposition', 'Warning', 'Methods', 'AcceptRanges'),
};

/** What OPTIONS tells of every resource but the base; and the answer to a preflight. */
export const METHODS_RESPONSE: Response = {
  description: 'The methods of the resource, in Allow; to the preflight of a page of another origin, what it may send',
  headers: headers('Methods'),
};

/** References to the problems of the given statuses, and of everything a PACS can do. */
export function problems(...statuses: number[]): Record<string, Reference> {
  const all = [...statuses, 403, 500, 501, 502, 503, 504];
  return Object.fromEntries(all.map((status) => [String(status), { $ref: `#/components/responses/Problem${status}` }]));
}

const PARAMETER_LISTS = { Search: SEARCH_PARAMETERS, Rendered: RENDERED_PARAMETERS, Thumbnail: THUMBNAIL_PARAMETERS };

/** The components `SearchLimit`, `RenderedQuality` and so on. */
export const PARAMETERS: Record<string, Parameter> = Object.fromEntries(
  Object.entries(PARAMETER_LISTS).flatMap(([list, parameters]) =>
    parameters.map((one) => [`${list}-${one.name}`, one]),
  ),
);

/** References to a list of parameters. */
export function parametersOf(list: keyof typeof PARAMETER_LISTS): Reference[] {
  return PARAMETER_LISTS[list].map(({ name }) => ({ $ref: `#/components/parameters/${list}-${name}` }));
}
