// The base URL as the client sees it: configured, else told by a trusted proxy (RFC 7239, X-Forwarded-*), else from Host.
// RetrieveURL, BulkDataURI and Content-Location are built on it, so a client must never be able to choose it for others.

import { BlockList, isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DicomError } from '../dimse/errors.ts';

export type BaseUrlOptions = {
  basePath: string;
  /** Base path included. */
  publicUrl?: string;
  /** Tells whether the peer of the socket is a proxy to be believed. */
  trusts(address: string): boolean;
};

type Origin = { protocol: string; host: string; prefix: string };

/** host, host:port, [v6] or [v6]:port; nothing that could end the authority of a URL. */
const AUTHORITY = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]']);
const PREFIX = /^(\/[\w.~%-]+)*\/?$/;

/**
 * A test for the addresses and networks of `list` (`10.0.0.1`, `10.0.0.0/8`, `fd00::/8`, `loopback`).
 * @throws DicomError `malformed` for anything else
 */
export function trustedBy(list: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const entry of list.flatMap((one) => (one === 'loopback' ? ['127.0.0.0/8', '::1'] : [one]))) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const width = bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits);
    if (isIP(address) === 0 || !Number.isInteger(width) || width < 0 || width > (family === 'ipv6' ? 128 : 32)) {
      throw new DicomError('malformed', `trustedProxies: ${entry} is no address or network`, {
        field: 'trustedProxies',
      });
    }
    trusted.addSubnet(address, width, family);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
    return trusted.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  const first = text?.split(',')[0]?.trim();
  return first === '' ? undefined : first;
}

/** The first element of a Forwarded header: what the client itself asked for (RFC 7239 4). */
function forwarded(header: string | undefined): { proto?: string; host?: string } {
  const pairs = (header ?? '').split(';').map((pair) => {
    const equals = pair.indexOf('=');
    return [
      pair.slice(0, equals).trim().toLowerCase(),
      pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    ];
  });
  return Object.fromEntries(pairs);
}

function throughProxy(request: FastifyRequest, origin: Origin): Origin {
  const { headers } = request;
  const standard = forwarded(firstOf(headers.forwarded));
  const protocol = standard.proto ?? firstOf(headers['x-forwarded-proto']);
  const port = firstOf(headers['x-forwarded-port']);
  let host = standard.host ?? firstOf(headers['x-forwarded-host']);
  if (host !== undefined && standard.host === undefined && port !== undefined && !/:\d+$/.test(host)) {
    const usual = (protocol ?? origin.protocol) === 'https' ? '443' : '80';
    if (port !== usual) host = `${host}:${port}`;
  }
  const prefix = firstOf(headers['x-forwarded-prefix']);
  return {
    protocol: protocol !== undefined && /^https?$/i.test(protocol) ? protocol.toLowerCase() : origin.protocol,
    host: host !== undefined && AUTHORITY.test(host) ? host : origin.host,
    prefix: prefix !== undefined && PREFIX.test(prefix) ? prefix.replace(/\/$/, '') : '',
  };
}

/**
 * `host`, with the port where it names this very socket without one: the dicomweb-client for Python leaves it out. Of any other
 * name a missing port can't be told from one that something in front has changed.
 */
function withPort(host: string, ownAddress: string, port: number): string {
  const isOwn = host === ownAddress || (host.toLowerCase() === 'localhost' && LOOPBACK.has(ownAddress));
  return isOwn && port !== 80 ? `${host}:${port}` : host;
}

/**
 * A request of HTTP/1.1 names its host once, by what can be one: two front ends could else see it at different places.
 * @throws DicomError `malformed` (RFC 9112 3.2)
 */
export function checkHost({ raw }: FastifyRequest, reply: FastifyReply): void {
  const { rawHeaders, httpVersion } = raw;
  const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host');
  const [host = ''] = hosts;
  const isNamed = hosts.length === 1 || (hosts.length === 0 && httpVersion === '1.0');
  if (isNamed && (host === '' || AUTHORITY.test(host))) return;
  reply.header('connection', 'close');
  throw new DicomError('malformed', 'Host is missing, there twice, or no host', { field: 'Host' });
}

/** The base URL of the services for this request, without a slash at its end. */
export function baseUrl(request: FastifyRequest, options: BaseUrlOptions): string {
  if (options.publicUrl !== undefined) return options.publicUrl;
  const { localAddress = '127.0.0.1', localPort = 80, remoteAddress } = request.socket;
  const plain = localAddress.replace(/^::ffff:(?=[\d.]+$)/i, '');
  const ownAddress = plain.includes(':') ? `[${plain}]` : plain;
  const named = request.headers.host;
  const host = named !== undefined && AUTHORITY.test(named) ? named : `${ownAddress}:${localPort}`;
  const own: Origin = { protocol: request.protocol, host, prefix: '' };
  const isProxy = remoteAddress !== undefined && options.trusts(remoteAddress);
  const origin = isProxy ? throughProxy(request, own) : { ...own, host: withPort(host, ownAddress, localPort) };
  return `${origin.protocol}://${origin.host}${origin.prefix}${options.basePath}`;
}
