// The contract of the gateway's web side, written by hand (OpenAPI 3.1). `npm run openapi` writes it to openapi.json, which is
// what the gateway serves; a test holds both against the routes.

import type { OpenAPIV3_1 } from 'openapi-types';
import { pathParameters, RETRIEVE_PATHS, WADO_URI } from './retrieve-paths.ts';
import {
  ACCEPT,
  content,
  DATASET,
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
        headers: {
          Warning: { description: '299: what was not done, or how many more there are', schema: { type: 'string' } },
        },
        content: content(types, { type: 'array', items: DATASET }),
      },
      204: { description: 'No match, as XML or where the gateway is configured so' },
      ...problems(400, 404, 406, 413),
    },
  };
}

function store(operationId: string): Operation {
  const types = ['application/dicom+json', 'application/json', 'application/dicom+xml'];
  const result = (description: string): Response => ({
    description,
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
      200: result('Everything is stored'),
      202: result('Something is stored, with failures or warnings'),
      409: result('Nothing is stored: every row says why'),
      ...problems(404, 406, 408, 413, 415),
      400: orProblem(400, result('Nothing is an instance: every row says why')),
      503: orProblem(503, result('Nothing is stored, for the PACS is out of resources: every row says why')),
    },
  };
}

/** An answer that is a problem where the request as a whole has one. */
function orProblem(status: 400 | 503, { description, content }: Response): Response {
  return { description, content: { ...content, ...PROBLEM_RESPONSES[`Problem${status}`]?.content } };
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
const UNCHANGED: Response = { description: 'Unchanged: If-None-Match names its ETag' };

const CONTRACT_MORE: Responses = {
  206: { description: 'The range of it', content: content(['application/json']) },
  304: UNCHANGED,
  ...problems(416),
};

function plain(operationId: string, summary: string, types: string[], more: Responses = {}): Operation {
  return {
    operationId,
    summary,
    tags: ['Service'],
    responses: { 200: { description: summary, content: content(types) }, ...problems(400), ...more },
  };
}

export const DOCUMENT: OpenAPIV3_1.Document = {
  openapi: '3.1.0',
  info: {
    title: 'dicomweb-gateway',
    version: '0.1.0',
    license: { name: 'MIT', identifier: 'MIT' },
    description:
      'DICOMweb (PS3.18: QIDO-RS, WADO-RS, WADO-URI, STOW-RS) in front of PACS that speak DIMSE. Every GET has a HEAD; ' +
      'OPTIONS tells the methods of a resource, and at the base its capabilities. Errors are application/problem+json. ' +
      'JSON and XML are UTF-8; text that is rendered comes in the character set that charset or Accept-Charset names.',
  },
  servers: [{ url: '/dicomweb', description: 'All PACS together, or the default one' }, OF_ONE_PACS],
  tags: [{ name: 'Search' }, { name: 'Retrieve' }, { name: 'Store' }, { name: 'WADO-URI' }, { name: 'Service' }],
  components: { schemas: SCHEMAS, parameters: PARAMETERS, responses: PROBLEM_RESPONSES },
  paths: {
    '/': {
      options: plain(
        'capabilities',
        'Retrieve Capabilities (PS3.18 8.9)',
        ['application/vnd.sun.wadl+xml', 'application/json'],
        {
          204: { description: 'The preflight of a page of another origin' },
          304: UNCHANGED,
          ...problems(400, 404, 406),
        },
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
    '/openapi.json': atRoot({ get: plain('openapi', 'This document', ['application/json'], CONTRACT_MORE) }),
  },
};
