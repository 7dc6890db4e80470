// The contract of the gateway's web side, written by hand (OpenAPI 3.1). `npm run openapi` writes it to openapi.json, which is
// what the gateway serves; a test holds both against the routes.

import type { OpenAPIV3_1 } from 'openapi-types';
import { HEADERS, type HeaderName, headers, OF_EVERY_ANSWER } from './headers.ts';
import { pathParameters, RETRIEVE_PATHS, WADO_URI } from './retrieve-paths.ts';
import {
  ACCEPT,
  content,
  DATASET,
  METHODS_RESPONSE,
  type Operation,
  PARAMETERS,
  type PathItem,
  PROBLEM_RESPONSES,
  parametersOf,
  problems,
  type Reference,
  type Response,
  related,
  SCHEMAS,
  UNCHANGED,
} from './shared.ts';

/** PS3.18 Table 10.6.1-1. */
const SEARCHES: Readonly<Record<string, string>> = {
  '/studies': 'searchStudies',
  '/studies/{study}/series': 'searchStudySeries',
  '/studies/{study}/instances': 'searchStudyInstances',
  '/studies/{study}/series/{series}/instances': 'searchSeriesInstances',
  '/series': 'searchSeries',
  '/instances': 'searchInstances',
};

function search(operationId: string): Operation {
  const types = ['application/dicom+json', 'application/json', related('application/dicom+xml')];
  return {
    operationId,
    summary: 'Search (QIDO-RS)',
    tags: ['Search'],
    parameters: parametersOf('Search'),
    responses: {
      200: {
        description: 'The matches, in a stable order; none is an empty array',
        headers: headers('Warning'),
        content: content(types, { type: 'array', items: DATASET }),
      },
      204: { description: 'No match, as XML or where the gateway is configured so' },
      ...problems(400, 404, 406, 413),
    },
  };
}

function store(operationId: string): Operation {
  const types = ['application/dicom+json', 'application/json', 'application/dicom+xml'];
  const result = (description: string, ...names: HeaderName[]): Response => ({
    description,
    headers: headers('StoreWarning', ...names),
    content: content(types, DATASET),
  });
  return {
    operationId,
    summary: 'Store instances (STOW-RS)',
    tags: ['Store'],
    parameters: [ACCEPT],
    requestBody: {
      required: true,
      content: content([
        ...['application/dicom', 'application/dicom+json', 'application/dicom+xml'].map(related),
        'multipart/form-data',
        'application/dicom',
      ]),
    },
    responses: {
      200: result('Everything is stored', 'Location', 'ContentLocation'),
      202: result('Something is stored, with failures or warnings', 'Location', 'ContentLocation'),
      409: result('Nothing is stored: every row says why'),
      ...problems(404, 406, 408, 413, 415),
      400: orProblem(400, result('Nothing is an instance: every row says why')),
      503: orProblem(
        503,
        result('Nothing is stored, for the PACS is out of resources: every row says why', 'RetryAfter'),
      ),
    },
  };
}

/** An answer that is a problem where the request as a whole has one. */
function orProblem(status: 400 | 503, { content, ...rest }: Response): Response {
  return { ...rest, content: { ...content, ...PROBLEM_RESPONSES[`Problem${status}`]?.content } };
}

const SEARCH_PATHS: Record<string, PathItem> = Object.fromEntries(
  Object.entries(SEARCHES).map(([path, id]) => [path, { parameters: pathParameters(path), get: search(id) }]),
);

/** The same services for one PACS alone. */
const OF_ONE_PACS = {
  url: '/dicomweb/aets/{aet}',
  description: 'One PACS, by its AE title; an unknown one is 404',
  variables: { aet: { default: 'PACS', description: 'AE title of the PACS' } },
};

/** Resources outside the base path. */
const atRoot = (item: PathItem): PathItem => ({ ...item, servers: [{ url: '/' }] });

type Responses = Record<string, Response | Reference>;

const CONTRACT_MORE: Responses = {
  206: {
    description: 'The range of it',
    headers: headers('ETag', 'AcceptRanges', 'ContentRange'),
    content: content(['application/json']),
  },
  304: UNCHANGED,
  ...problems(416),
};

function plain(
  operationId: string,
  summary: string,
  types: string[],
  more: Responses = {},
  ...names: HeaderName[]
): Operation {
  const whole = { description: summary, headers: headers(...names), content: content(types) };
  return { operationId, summary, tags: ['Service'], responses: { 200: whole, ...problems(400), ...more } };
}

const MOVED: Response = { description: 'The place of it', headers: headers('Redirect') };
const OF_FILE: readonly HeaderName[] = ['ETag', 'AcceptRanges', 'LastModified'];
const FILE_TYPES = ['text/css', 'text/javascript', 'application/javascript', 'image/png', 'text/html'];

/** The page for people, and what it loads. */
const DOCS_PATHS: Record<string, PathItem> = {
  '/docs': atRoot({ get: plain('docs', 'This document as a page', ['text/html'], { 308: MOVED }) }),
  '/docs/static/{file}': atRoot({
    parameters: pathParameters('{file}'),
    get: plain(
      'docsFile',
      'Scripts, styles and pictures of the page',
      FILE_TYPES,
      { 304: UNCHANGED, 308: MOVED, ...problems(404) },
      ...OF_FILE,
    ),
  }),
  ...Object.fromEntries(
    ['json', 'yaml'].map((form) => [
      `/docs/${form}`,
      atRoot({
        get: { operationId: `docs-${form}`, summary: 'This document', tags: ['Service'], responses: { 308: MOVED } },
      }),
    ]),
  ),
};

export const DOCUMENT: OpenAPIV3_1.Document = {
  openapi: '3.1.0',
  info: {
    title: 'dicomweb-gateway',
    version: '0.1.0',
    license: { name: 'MIT', identifier: 'MIT' },
    description:
      'DICOMweb (PS3.18: QIDO-RS, WADO-RS, WADO-URI, STOW-RS) in front of PACS that speak DIMSE. Every GET has a HEAD; ' +
      'OPTIONS tells the methods of a resource, and at the base its capabilities. Errors are application/problem+json. ' +
      'JSON and XML are UTF-8; text that is rendered comes in the character set that charset or Accept-Charset names. ' +
      `Any answer may also have the headers ${Object.keys(OF_EVERY_ANSWER).join(', ')}.`,
  },
  servers: [{ url: '/dicomweb', description: 'All PACS together, or the default one' }, OF_ONE_PACS],
  tags: [{ name: 'Search' }, { name: 'Retrieve' }, { name: 'Store' }, { name: 'WADO-URI' }, { name: 'Service' }],
  components: {
    schemas: SCHEMAS,
    parameters: PARAMETERS,
    headers: { ...HEADERS, ...OF_EVERY_ANSWER },
    responses: { ...PROBLEM_RESPONSES, Methods: METHODS_RESPONSE },
  },
  paths: {
    '/': {
      options: plain(
        'capabilities',
        'Retrieve Capabilities (PS3.18 8.9)',
        ['application/vnd.sun.wadl+xml', 'application/json'],
        {
          204: METHODS_RESPONSE,
          206: {
            description: 'The range of it',
            headers: headers('ETag', 'AcceptRanges', 'ContentRange'),
            content: content(['application/vnd.sun.wadl+xml', 'application/json']),
          },
          304: UNCHANGED,
          ...problems(400, 404, 406, 416),
        },
        'Allow',
        'ETag',
        'AcceptRanges',
      ),
    },
    ...SEARCH_PATHS,
    ...RETRIEVE_PATHS,
    '/studies': { ...SEARCH_PATHS['/studies'], post: store('store') },
    '/studies/{study}': { ...RETRIEVE_PATHS['/studies/{study}'], post: store('storeToStudy') },
    '/wado': { ...WADO_URI, servers: [{ url: '/' }, OF_ONE_PACS] },
    '/healthz': atRoot({
      get: plain('health', 'The process answers; how late its event loop was in the last minute', ['application/json']),
    }),
    '/readyz': atRoot({
      get: plain('ready', 'Every PACS answers C-ECHO', ['application/json'], {
        503: { description: 'Some PACS does not answer', content: content(['application/json']) },
      }),
    }),
    '/openapi.json': atRoot({
      get: plain('openapi', 'This document', ['application/json'], CONTRACT_MORE, 'ETag', 'AcceptRanges'),
    }),
    ...DOCS_PATHS,
  },
};
