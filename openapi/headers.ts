// The headers of the answers (PS3.18 8.4, RFC 9110): what each is, and the form that its value has.

import type { OpenAPIV3_1 } from 'openapi-types';

type Header = OpenAPIV3_1.HeaderObject;

const header = (description: string, pattern: string, required = false): Header => ({
  description,
  schema: { type: 'string', pattern },
  ...(required ? { required } : {}),
});

const ETAG = '^(W/)?"[\\w-]+(;(gzip|br))?"$';
const ONE_RANGE = '^bytes \\d+-\\d+/\\d+$';
const URL = '^https?://[^\\s/]+(/\\S*)?$';
const TOKENS = '^[\\w-]+(, [\\w-]+)*$';

/** The components `ETag` and so on; those that must be there where they are named say so. */
export const HEADERS = {
  ETag: header('The state of the representation, for If-None-Match and If-Range', ETAG),
  UnchangedETag: header('That of the representation that the client has', ETAG, true),
  LastModified: header('When it was changed last', ' GMT$'),
  AcceptRanges: header('The single part can be had in ranges', '^bytes$'),
  ContentRange: header('What of the single part this is', ONE_RANGE),
  UnsatisfiableRange: header('How long the single part is', '^bytes \\*/\\d+$', true),
  ContentLocation: header('Where what is answered is', URL),
  ContentDisposition: header('The name of an archive', '^attachment; filename="[\\d.]+\\.zip"$'),
  Location: header('The study of what was stored, where all is of one', URL),
  Redirect: header('Where the page is, relative to this place', '^[\\w./]+$', true),
  Warning: header('What was not done, or what is not here', '^299 https?://\\S+: .+$'),
  StoreWarning: header(
    'A status of C-STORE and its meaning, for each that an instance got (PS3.18 10.5.3.2)',
    '^[0-9A-F]{4} https?://\\S+: .+$',
  ),
  RetryAfter: header('Seconds after which to come again', '^[1-9]\\d*$', true),
  Allow: header('The methods that there are', TOKENS, true),
  Methods: header('The methods that there are', TOKENS),
} satisfies Record<string, Header>;

/** The name that an answer has a component under, where it is another one. */
const NAMES: Readonly<Partial<Record<HeaderName, string>>> = {
  UnchangedETag: 'ETag',
  LastModified: 'Last-Modified',
  AcceptRanges: 'Accept-Ranges',
  ContentRange: 'Content-Range',
  UnsatisfiableRange: 'Content-Range',
  ContentLocation: 'Content-Location',
  ContentDisposition: 'Content-Disposition',
  Redirect: 'Location',
  StoreWarning: 'Warning',
  RetryAfter: 'Retry-After',
  Methods: 'Allow',
};

export type HeaderName = keyof typeof HEADERS;

/** References to headers, by the names that they have in an answer. */
export function headers(...components: HeaderName[]): Record<string, OpenAPIV3_1.ReferenceObject> {
  return Object.fromEntries(
    components.map((name) => [NAMES[name] ?? name, { $ref: `#/components/headers/${name}` }] as const),
  );
}

/** What any answer may have: how it is kept and coded, and what a browser may do with it. */
export const OF_EVERY_ANSWER: Readonly<Record<string, Header>> = {
  'Cache-Control': header(
    'Nothing is kept but by who asks again each time',
    '^(no-store|no-cache|private, no-cache|public, max-age=0)$',
  ),
  Vary: header('The headers of the request that chose the answer', TOKENS),
  'Content-Encoding': header('Of JSON and XML, for who takes it', '^(gzip|br)$'),
  'Content-Security-Policy': header(
    'No script of a document runs as one of this origin',
    "(^|;) ?(script|default)-src '",
  ),
  'Cross-Origin-Opener-Policy': header('Helmet’s default', '^same-origin$'),
  'Cross-Origin-Resource-Policy': header('Other origins embed only where they are configured', '^(same|cross)-origin$'),
  'Origin-Agent-Cluster': header('Helmet’s default', '^\\?1$'),
  'Referrer-Policy': header('URLs of patients are told to nobody', '^no-referrer$'),
  'X-Content-Type-Options': header('The Content-Type is what it is', '^nosniff$'),
  'X-DNS-Prefetch-Control': header('Helmet’s default', '^off$'),
  'X-Download-Options': header('Helmet’s default', '^noopen$'),
  'X-Frame-Options': header('For browsers without frame-ancestors', '^SAMEORIGIN$'),
  'X-Permitted-Cross-Domain-Policies': header('Helmet’s default', '^none$'),
  'X-XSS-Protection': header('Helmet’s default', '^0$'),
  'Access-Control-Allow-Origin': header('A configured origin that asks, or any', '^(\\*|https?://\\S+)$'),
  'Access-Control-Expose-Headers': header('What its pages may read', TOKENS),
  'Access-Control-Allow-Methods': header('In the answer to a preflight', TOKENS),
  'Access-Control-Allow-Headers': header('In the answer to a preflight', '^\\S.*$'),
  'Access-Control-Max-Age': header('In the answer to a preflight', '^\\d+$'),
};
