// Capabilities (PS3.18 8.9, Annexes G and H): the resources of the contract as WADL, in XML and in the JSON form of it, where
// attributes are "@name", what may repeat is an array, and what may not is an object.

import type { OpenAPIV3_1 } from 'openapi-types';
import type { Contract } from './contract.ts';

type Param = { '@name': string; '@style': string; '@required': boolean; doc?: Doc[]; option?: { '@value': string }[] };
type Doc = { '@xml:lang': string; '@title': string; value: string };
type Representation = { '@mediaType': string };
type Response = { '@status': string; representation?: Representation[] };
type Method = {
  '@name': string;
  '@id': string;
  request: { param: Param[]; representation?: Representation[] };
  response: Response[];
};
type ResourceNode = { '@path': string; param?: Param[]; method: Method[]; resource: ResourceNode[] };
export type Wadl = {
  application: {
    '@xmlns': string;
    doc: Doc[];
    resources: { '@base': string; resource: ResourceNode[] };
  };
};

const NAMESPACE = 'http://wadl.dev.java.net/2009/02';
const VERBS = ['get', 'post', 'options'] as const;

function doc(title: string, value: string): Doc {
  return { '@xml:lang': 'en', '@title': title, value };
}

function resolve<T>(contract: Contract, one: T | OpenAPIV3_1.ReferenceObject): T {
  if (typeof one !== 'object' || one === null || !('$ref' in one)) return one as T;
  let node: unknown = contract;
  for (const step of one.$ref.slice(2).split('/')) node = (node as Record<string, unknown>)[step];
  return node as T;
}

function methodOf(contract: Contract, verb: string, operation: OpenAPIV3_1.OperationObject): Method {
  const parameters = (operation.parameters ?? []).map((one) => resolve<OpenAPIV3_1.ParameterObject>(contract, one));
  const param: Param[] = parameters.map(({ name, required = false, description = '' }) => ({
    '@name': name,
    '@style': 'query',
    '@required': required,
    doc: [doc(name, description)],
  }));
  param.push({ '@name': 'Accept', '@style': 'header', '@required': true });
  const body =
    operation.requestBody === undefined
      ? undefined
      : resolve<OpenAPIV3_1.RequestBodyObject>(contract, operation.requestBody);
  const response = Object.entries(operation.responses ?? {}).map(([status, one]): Response => {
    const types = Object.keys(resolve<OpenAPIV3_1.ResponseObject>(contract, one).content ?? {});
    const representation = types.map((type) => ({ '@mediaType': type }));
    return representation.length === 0 ? { '@status': status } : { '@status': status, representation };
  });
  const representation = Object.keys(body?.content ?? {}).map((type) => ({ '@mediaType': type }));
  return {
    '@name': verb.toUpperCase(),
    '@id': operation.operationId ?? '',
    request: representation.length === 0 ? { param } : { param, representation },
    response,
  };
}

function childOf(parent: ResourceNode[], segment: string): ResourceNode {
  const known = parent.find((one) => one['@path'] === segment);
  if (known !== undefined) return known;
  const name = /^\{(\w+)\}$/.exec(segment)?.[1];
  const template: Param[] = name === undefined ? [] : [{ '@name': name, '@style': 'template', '@required': true }];
  const made: ResourceNode = {
    '@path': segment,
    ...(name === undefined ? {} : { param: template }),
    method: [],
    resource: [],
  };
  parent.push(made);
  return made;
}

/** The bases of the single PACS: each has all these resources again, and tells them at its own capabilities (8.9). */
function ofOnePacs(contract: Contract, aeTitles: readonly string[]): ResourceNode {
  const capabilities = contract.paths?.['/']?.options as OpenAPIV3_1.OperationObject;
  const option = aeTitles.map((aeTitle) => ({ '@value': aeTitle }));
  const one: ResourceNode = {
    '@path': '{aet}',
    param: [{ '@name': 'aet', '@style': 'template', '@required': true, option }],
    method: [methodOf(contract, 'options', capabilities)],
    resource: [],
  };
  return { '@path': 'aets', method: [], resource: [one] };
}

/** The resources under the base URL as WADL; `aeTitles` are of the PACS that have a base of their own below it. */
export function wadlOf(contract: Contract, baseUrl: string, aeTitles: readonly string[] = []): Wadl {
  const resource: ResourceNode[] = [];
  for (const [path, item] of Object.entries(contract.paths ?? {})) {
    if (item === undefined || item.servers !== undefined) continue;
    const segments = path === '/' ? ['/'] : path.slice(1).split('/');
    let level = resource;
    let node: ResourceNode | undefined;
    for (const segment of segments) {
      node = childOf(level, segment);
      level = node.resource;
    }
    for (const verb of VERBS) {
      const operation = item[verb];
      if (operation !== undefined)
        node?.method.push(methodOf(contract, verb, operation as OpenAPIV3_1.OperationObject));
    }
  }
  if (aeTitles.length > 0) resource.push(ofOnePacs(contract, aeTitles));
  const { title, description = '' } = contract.info;
  return {
    application: {
      '@xmlns': NAMESPACE,
      doc: [doc(title, description)],
      resources: { '@base': `${baseUrl}/`, resource },
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function element(name: string, node: Record<string, unknown>): string {
  let attributes = '';
  let children = '';
  for (const [key, value] of Object.entries(node)) {
    if (key.startsWith('@')) attributes += ` ${key.slice(1)}="${escaped(String(value))}"`;
    else if (key === 'value') children += escaped(String(value));
    else for (const one of Array.isArray(value) ? value : [value]) children += element(key, one);
  }
  return children === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${children}</${name}>`;
}

/** The same document in XML. */
export function wadlXml({ application }: Wadl): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('application', application)}\n`;
}
