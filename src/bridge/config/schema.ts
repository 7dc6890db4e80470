// The schema of the configuration: every setting, its bounds, its default and what it means. The one declaration from which
// the type, the validation, the environment names and the printed help are derived.

import Type, { type Static, type TSchema } from 'typebox';

const closed = { additionalProperties: false };

/** What one upload may be, unless configured otherwise. Bytes, counts, and milliseconds for all of it. */
export const UPLOAD_LIMITS = {
  maxInstanceBytes: 4 * 1024 ** 3,
  maxUploadBytes: 64 * 1024 ** 3,
  maxMetadataBytes: 64 * 1024 ** 2,
  maxPartHeaderBytes: 16 * 1024,
  maxParts: 100_000,
  uploadMs: 3_600_000,
};

/** A group of settings; left out, all its defaults hold. */
function group<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object(properties, { ...closed, default: {} });
}

/** PS3.8 9.3.2 and PS3.5 6.2 (AE): at most 16 characters of the basic G0 set without backslash; padding is not ours to keep. */
const aeTitle = (description: string, options: { default?: string } = {}) =>
  Type.String({
    pattern: '^[!-\\[\\]-~]([ -\\[\\]-~]{0,14}[!-\\[\\]-~])?$',
    expects: 'an AE title: 1 to 16 printable ASCII characters, no backslash, no space at either end',
    description,
    ...options,
  });
const port = (description: string, options: { default?: number; minimum?: number } = {}) =>
  Type.Integer({ minimum: 1, maximum: 65535, description, ...options });
const milliseconds = (description: string, standard: number) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: standard, description: `${description}, in ms` });
const count = (description: string, standard: number, minimum = 1) =>
  Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, default: standard, description });
const host = (description: string, options: { default?: string } = {}) =>
  Type.String({ minLength: 1, maxLength: 255, expects: 'a host name or address', description, ...options });

const file = (description: string) =>
  Type.Optional(
    Type.String({ minLength: 1, expects: 'the path of a PEM file', description: `${description}, PEM file` }),
  );
/** What both ends of TLS have (PS3.15 B.12). */
const identity = {
  ca: file('certificates of the authorities to trust, in place of the usual ones'),
  cert: file('certificate of the gateway, and those between it and its authority'),
  key: file('private key of `cert`'),
  passphrase: Type.Optional(Type.String({ description: 'passphrase of `key`, where it has one' })),
  minVersion: Type.Enum(['TLSv1.2', 'TLSv1.3'], { default: 'TLSv1.2', description: 'oldest version of TLS to speak' }),
};

const PacsTlsSchema = group({
  enabled: Type.Boolean({ default: false, description: 'speak DICOM over TLS with this PACS' }),
  ...identity,
  serverName: Type.Optional(host('name in the certificate of the PACS, when not its host')),
  verify: Type.Boolean({ default: true, description: 'false: believe any certificate of the PACS' }),
});

/** PS3.7 D.3.3.7. */
const UserIdentitySchema = group({
  type: Type.Enum(['none', 'username', 'passcode', 'kerberos', 'saml', 'jwt'], {
    default: 'none',
    description:
      'user identity that this PACS is told: a username, with a passcode, or a ticket, an assertion, a token',
  }),
  username: Type.Optional(Type.String({ minLength: 1, description: 'the username' })),
  secret: Type.Optional(
    Type.String({ minLength: 1, description: 'passcode, assertion or token; a Kerberos ticket in base64' }),
  ),
  secretFile: Type.Optional(
    Type.String({ minLength: 1, description: 'file of it, read for each association; a Kerberos ticket as it is' }),
  ),
  responseRequired: Type.Boolean({
    default: false,
    description: 'no association with a PACS that does not confirm the identity',
  }),
});

const ListenerTlsSchema = group({
  enabled: Type.Boolean({ default: false, description: 'take C-STOREs over TLS only' }),
  ...identity,
  requireClientCertificate: Type.Boolean({
    default: true,
    description: 'refuse peers without a certificate that an authority of `ca` signed',
  }),
});

const TimeoutsSchema = group({
  connect: milliseconds('TCP connection to the PACS', 10_000),
  associate: milliseconds('answer to A-ASSOCIATE', 15_000),
  response: milliseconds('silence of the PACS while an answer is due', 60_000),
  release: milliseconds('answer to A-RELEASE', 5_000),
  artim: milliseconds('ARTIM timer (PS3.8 9.1.5)', 10_000),
  arrival: milliseconds('C-STOREs still missing after the last C-MOVE response', 10_000),
});

export const PacsSchema = Type.Object(
  {
    aeTitle: aeTitle('AE title of the PACS'),
    host: host('host of the PACS'),
    port: port('DICOM port of the PACS'),
    callingAeTitle: Type.Optional(aeTitle('AE title to call this PACS with, when not aeTitle')),
    retrieve: Type.Enum(['auto', 'get', 'move'], {
      default: 'auto',
      description: 'how instances are retrieved; auto: C-GET where the PACS can, else C-MOVE',
    }),
    maxAssociations: count('associations open to this PACS at one time', 4),
    storeAssociations: count(
      'associations that one upload may use at one time, of those: some archives lose instances',
      1,
    ),
    retrieveAssociations: count(
      'associations that one retrieve may use at one time, of those, where it waits longer than it receives',
      3,
    ),
    withoutBulkData: Type.Enum(['never', 'instance', 'series'], {
      default: 'instance',
      description:
        'metadata of what is not cached come without the bulk data where the PACS can (PS3.4 Annex Z): of one instance, ' +
        'of a series too (its frames then cost another retrieve), never',
    }),
    maxWaiting: count('operations that may wait for an association; more are answered 503', 256, 0),
    idle: milliseconds('an unused association is released after', 10_000),
    maxAge: milliseconds('an association is not used again after', 300_000),
    maxRequests: count('operations on one association before it is released', 1000),
    charset: Type.String({
      default: 'ISO_IR 192',
      pattern: '^(?=.)[A-Z0-9_ ]{0,16}(\\\\[A-Z0-9_ ]{1,16}){0,15}$',
      expects: 'a defined term of Specific Character Set such as ISO_IR 192, or several as \\ISO 2022 IR 87',
      description: 'Specific Character Set of queries whose values need one',
    }),
    timeouts: TimeoutsSchema,
    tls: PacsTlsSchema,
    userIdentity: UserIdentitySchema,
  },
  closed,
);

export const ConfigSchema = Type.Object(
  {
    aeTitle: aeTitle('AE title of the gateway', { default: 'GATEWAY' }),
    dicom: group({
      enabled: Type.Boolean({ default: true, description: 'listen for the C-STOREs that C-MOVE causes' }),
      host: host('address the DICOM listener binds', { default: '127.0.0.1' }),
      port: port('port of the DICOM listener; 0: any free one', { default: 11112, minimum: 0 }),
      maxAssociations: count('associations accepted at one time', 32),
      allowAnyCaller: Type.Boolean({
        default: false,
        description: 'accept C-STOREs of a C-MOVE from AE titles that are not configured',
      }),
      tls: ListenerTlsSchema,
    }),
    http: group({
      host: host('address the web server binds', { default: '127.0.0.1' }),
      port: port('port of the web server; 0: any free one', { default: 8080, minimum: 0 }),
      basePath: Type.String({
        default: '/dicomweb',
        pattern: '^(/[A-Za-z0-9._~-]+)*$',
        expects: 'a path such as /dicomweb, without a slash at its end',
        description: 'path of the DICOMweb services',
      }),
      publicUrl: Type.Optional(
        Type.String({
          pattern: '^https?://[^\\s?#]*[^\\s?#/]$',
          expects: 'an absolute http(s) URL without a slash at its end',
          description: 'base URL as clients see it, base path included; else made from the request',
        }),
      ),
      trustedProxies: Type.Array(Type.String({ minLength: 1 }), {
        default: [],
        description: 'addresses or networks whose Forwarded and X-Forwarded-* headers are believed',
      }),
      corsOrigins: Type.Array(Type.String({ minLength: 1 }), {
        default: [],
        description: 'origins whose pages may call the gateway, such as https://viewer.example; * is any',
      }),
      maxHeaderBytes: count('line and headers of one request, in bytes', 65_536),
      idle: milliseconds('a connection on which nothing moves is closed after', 300_000),
      strictAccept: Type.Boolean({
        default: false,
        description: 'answer 406 when a request has no Accept header (PS3.18 8.7.7)',
      }),
      deidentificationKey: Type.Optional(
        Type.String({
          minLength: 16,
          description: 'secret of which the UIDs of de-identified instances are made; absent: another at every start',
        }),
      ),
      emptySearch: Type.Enum([200, 204], { default: 200, description: 'status of a search without matches' }),
    }),
    pacs: Type.Array(PacsSchema, {
      minItems: 1,
      expects: 'at least one PACS, for example --pacs ORTHANC@127.0.0.1:4242',
      description: 'the PACS behind the gateway, as AET@host:port',
    }),
    defaultPacs: Type.Optional(
      aeTitle('AE title of the PACS that the base path stands for; absent: all of them together'),
    ),
    storePacs: Type.Optional(
      aeTitle('AE title of the PACS that uploads at the base path go to; absent: defaultPacs, else the first'),
    ),
    cache: group({
      dir: Type.String({ minLength: 1, description: 'folder of retrieved instances, and of what was learned' }),
      enabled: Type.Boolean({
        default: true,
        description: 'retrieved instances are kept; false (or cache: off) has each gone after its last reader',
      }),
      maxBytes: count('size of the cache, in bytes; the least recently used goes first', 10 * 1024 ** 3),
      maxAge: milliseconds('an instance is retrieved anew after', 86_400_000),
      freshness: Type.String({
        default: 'after 60 s',
        pattern: '^(always|never|after \\d{1,7} s)$',
        expects: 'always, never, or after N s',
        description:
          'when the PACS is asked whether it still has as many instances as a cached study: always, never, after N s',
      }),
      prefetch: Type.Enum(['off', 'series'], {
        default: 'off',
        description: 'series: the rest of a series is fetched ahead once three of its instances were read in order',
      }),
    }),
    limits: group({
      maxResults: count('results of one search, at most', 5_000),
      maxMatches: count('matches read from a PACS for one search, at most', 20_000),
      maxFanOut: count('further queries that one search may cause', 500),
      pacsMs: milliseconds('search of one PACS among several', 20_000),
      maxInstanceBytes: count('size of one uploaded instance, in bytes', UPLOAD_LIMITS.maxInstanceBytes),
      maxUploadBytes: count('size of one upload, in bytes', UPLOAD_LIMITS.maxUploadBytes),
      maxMetadataBytes: count('JSON or XML of one part of an upload, in bytes', UPLOAD_LIMITS.maxMetadataBytes),
      maxPartHeaderBytes: count('headers of one part of an upload, in bytes', UPLOAD_LIMITS.maxPartHeaderBytes),
      maxParts: count('parts of one upload', UPLOAD_LIMITS.maxParts),
      uploadMs: milliseconds('one upload, from its first byte to its last', UPLOAD_LIMITS.uploadMs),
      inlineBytes: count('binary values up to this many bytes stay in metadata', 1024, 0),
      renderMs: milliseconds('rendering of one frame', 20_000),
    }),
    log: group({
      level: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
        default: 'info',
        description: 'least severe lines that are logged',
      }),
    }),
  },
  closed,
);

export type Config = Static<typeof ConfigSchema>;
export type PacsConfig = Static<typeof PacsSchema>;
