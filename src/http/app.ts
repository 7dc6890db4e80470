// The web application: buildApp(gateway, renderer, options) makes a Fastify instance with every route of this gateway, in
// reading order. It listens to nothing yet; tests inject into it, main.ts lets it listen.

import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import fastify, {
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { UPLOAD_LIMITS } from '../bridge/config/schema.ts';
import type { Gateway } from '../bridge/gateway.ts';
import { uidReplacement } from '../dimse/data/deidentify/uid-replacement.ts';
import { DicomError } from '../dimse/errors.ts';
import type { Renderer } from '../render/render.ts';
import { baseUrl, checkHost, trustedBy } from './base-url.ts';
import { addDocumentation } from './documentation.ts';
import { type AddResource, type Answer, exchangeOf } from './exchange.ts';
import { watchLoop } from './loop-delay.ts';
import { aeTitleOf } from './paths.ts';
import { rawProblem, sendNotAllowed, sendProblem } from './problem.ts';
import { parseQuery } from './query.ts';
import { addResources } from './resources.ts';
import type { Service, UploadLimits } from './service.ts';

export type AppOptions = {
  /** Path of the services without a slash at its end, for example `/dicomweb`. */
  basePath: string;
  /** Base URL as clients see it, base path included; else it is made from each request. */
  publicUrl?: string;
  trustedProxies?: readonly string[];
  /** Origins whose pages may read answers: none when absent, `*` is any. */
  corsOrigins?: readonly string[];
  /** Follow PS3.18 8.7 to the letter: no Accept header, no answer but 406. */
  strictAccept?: boolean;
  emptySearch?: 200 | 204;
  limits?: Partial<UploadLimits>;
  /** Decides what UIDs of de-identified instances become; else they change with every start. */
  deidentificationKey?: string;
  /** Of a request's line and headers. */
  maxHeaderBytes?: number;
  /** Milliseconds after which a connection on which nothing moves is closed, whoever is to blame. */
  idle?: number;
  /** pino, or what looks like it. */
  logger?: FastifyBaseLogger;
};

/** None: any web page could else read patient data through the browser of whoever can reach the gateway. */
const NO_ORIGIN: readonly string[] = [];
const EXPOSED = [
  ...['Warning', 'Content-Location', 'Location', 'Retry-After', 'ETag', 'Allow'],
  ...['Accept-Ranges', 'Content-Range', 'Content-Encoding', 'Content-Disposition'],
];
const MAX_HEADER_BYTES = 65_536;
/** Longer than a PACS may keep silent through the steps of one request. */
const IDLE_MS = 300_000;

/** @throws DicomError `malformed` when an option is wrong */
export async function buildApp(gateway: Gateway, renderer: Renderer, options: AppOptions): Promise<FastifyInstance> {
  const loop = watchLoop();
  const service = { ...createService(gateway, renderer, options), loop };
  const app = fastify(serverOptions(options));
  app.addHook('onClose', async () => loop.close());
  await app.register(cors, { delegator: corsOptions(options.corsOrigins ?? NO_ORIGIN) });
  await app.register(helmet, securityHeaders(options.corsOrigins ?? NO_ORIGIN));
  refuseWhileClosing(app);
  app.setErrorHandler(sendProblem);
  // An expectation that nobody knows may be ignored (RFC 9110 10.1.1); Node would refuse it without a word.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.setNotFoundHandler((request) => {
    throw new DicomError('not-found', 'no such resource', { field: request.method });
  });
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, reply);
    request.query = parseQuery(request.raw.url ?? '');
    // A PACS that there is not has no resources at all, whatever else is wrong with the request.
    service.archive(request);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const ms = Math.round(reply.elapsedTime);
    // The route's pattern, never the query string: that carries names and numbers of patients.
    request.log.info({ method, route: routeOptions.url, status: reply.statusCode, ms }, 'answered');
  });
  // Bodies are read by the routes that take one, as a stream, whatever their type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  const { maxInstanceBytes, maxParts: files } = service.limits;
  // One byte more, so that who reads a file that is too large sees it: the plugin would only cut it off.
  const fileSize = maxInstanceBytes + 1;
  await app.register(multipart, { limits: { fileSize, files, fields: 100, fieldSize: 65536, headerPairs: 100 } });
  addResources((url, answers) => addResource(app, url, answers, service), service.basePath);
  await addDocumentation(app);
  return app;
}

/** What comes on a connection that is still open, while the answers before it end, is refused in the words of all refusals. */
function refuseWhileClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onRequest', async () => {
    if (isClosing) throw new DicomError('busy', 'the gateway is being stopped');
  });
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Adds a resource: what it has is answered, OPTIONS says what that is, the other methods get 405 with Allow. */
function addResource(app: FastifyInstance, url: string, answers: Parameters<AddResource>[1], service: Service): void {
  const own: Record<string, Answer | undefined> = { ...answers, HEAD: answers.GET };
  const allow = METHODS.filter((method) => own[method] !== undefined || method === 'OPTIONS').join(', ');
  for (const method of METHODS) {
    const answer = own[method];
    if (answer !== undefined) {
      const handler = async (request: FastifyRequest, reply: FastifyReply) =>
        answer(exchangeOf(request, reply, service));
      app.route({ method, url, exposeHeadRoute: false, handler });
    } else if (method === 'OPTIONS') {
      app.route({ method, url, handler: (_request, reply) => reply.status(204).header('allow', allow).send() });
    } else {
      const refuse = async (request: FastifyRequest, reply: FastifyReply) => sendNotAllowed(allow, request, reply);
      app.route({ method, url, exposeHeadRoute: false, onRequest: refuse, handler: refuse });
    }
  }
}

function createService(gateway: Gateway, renderer: Renderer, options: AppOptions): Omit<Service, 'loop'> {
  const { basePath, publicUrl, strictAccept = false, emptySearch = 200 } = options;
  const trusts = trustedBy(options.trustedProxies ?? []);
  const addressing = { basePath, trusts, ...(publicUrl === undefined ? {} : { publicUrl }) };
  return {
    gateway,
    renderer,
    basePath,
    strictAccept,
    emptySearch,
    limits: { ...UPLOAD_LIMITS, ...options.limits },
    replaceUid: uidReplacement(Buffer.from(options.deidentificationKey ?? randomBytes(32))),
    archive: (request) => gateway.of(aeTitleOf(request)),
    baseUrl: (request) => {
      const aeTitle = aeTitleOf(request);
      const place = aeTitle === undefined ? '' : `/aets/${encodeURIComponent(aeTitle)}`;
      return baseUrl(request, addressing) + place;
    },
  };
}

function serverOptions(options: AppOptions): FastifyHttpOptions<Server> {
  const { corsOrigins = NO_ORIGIN } = options;
  const isOpen = corsOrigins.includes('*');
  return {
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
    // Its own lines carry the whole URL; `onResponse` writes ours.
    logController: new LogController({ disableRequestLogging: true }),
    // Long frame lists and UID lists are honest requests.
    routerOptions: { maxParamLength: 8192, ignoreTrailingSlash: true, querystringParser: () => ({}) },
    // By `refuseWhileClosing`, with a problem body and what other origins need to read it.
    return503OnClosing: false,
    // A missing Host is refused by `checkHost`, with a problem.
    http: { maxHeaderSize: options.maxHeaderBytes ?? MAX_HEADER_BYTES, requireHostHeader: false },
    // A client that stops sending or reading holds nothing for ever.
    connectionTimeout: options.idle ?? IDLE_MS,
    frameworkErrors: (error, request, reply) => {
      // These come before the hooks that would let a page of another origin read them.
      const { origin } = request.headers;
      if (isOpen) reply.header('access-control-allow-origin', '*');
      else if (origin !== undefined && corsOrigins.includes(origin))
        reply.header('access-control-allow-origin', origin);
      sendProblem(error, request, reply);
    },
    clientErrorHandler: (error, socket) => {
      if (socket.writable) socket.end(rawProblem(error));
      else socket.destroy();
    },
  };
}

/** Stored documents say themselves what type they are: none of them may run as a page of this origin. */
function securityHeaders(origins: readonly string[]) {
  return {
    contentSecurityPolicy: {
      directives: {
        scriptSrc: ["'none'"],
        upgradeInsecureRequests: null,
        // Viewers show a PDF in a frame of theirs. Where this stands X-Frame-Options counts for nothing (CSP 3, 6.4.2.1).
        frameAncestors: ["'self'", ...origins],
      },
    },
    // Pages that are cross-origin isolated embed only what says that it may be embedded.
    crossOriginResourcePolicy: { policy: origins.length > 0 ? ('cross-origin' as const) : ('same-origin' as const) },
    // Where there is TLS, it ends at the proxy in front, and so does the promise of it.
    strictTransportSecurity: false,
  };
}

function corsOptions(origins: readonly string[]) {
  return async (request: FastifyRequest) => {
    const { headers, method } = request;
    const preflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
    return {
      origin: origins.includes('*') ? '*' : origins.length > 0 && [...origins],
      methods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
      exposedHeaders: EXPOSED,
      maxAge: 86_400,
      // An OPTIONS request without that header asks for capabilities (PS3.18 8.9).
      preflight: preflight && headers.origin !== undefined,
    };
  };
}
