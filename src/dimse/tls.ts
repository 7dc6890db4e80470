// TABLE of DICOM over TLS (PS3.15 B.12, BCP 195: RFC 8996 and RFC 9325), and the options both sides give to node:tls.

import { createSecureContext, type SecureContextOptions, type TlsOptions as ServerOptions } from 'node:tls';
import { DicomError } from './errors.ts';

/** PEM text or bytes. */
type Pem = string | Buffer;

export type TlsOptions = {
  /** Authorities to trust instead of those Node trusts. */
  ca?: Pem | Pem[];
  /** Our certificate (and chain) and its key: needed by a listener, and by a requestor whose peer wants to know it. */
  cert?: Pem;
  key?: Pem;
  passphrase?: string;
  /** Requestor: name for SNI, and that the peer's certificate must carry; the host where absent. */
  serverName?: string;
  /** Requestor: false takes any certificate. Listener: whether clients must present one that `ca` signed. */
  verify?: boolean;
  minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Cipher suites by their OpenSSL names, where BCP195_SUITES are not to be. */
  ciphers?: string;
};

/** X-SEC-3, most wanted first: TLS 1.3 by its names, TLS 1.2 by OpenSSL's. ECDHE and AEAD only. */
export const BCP195_SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
] as const;

/** Throws 'malformed' with what OpenSSL says of our own certificate, key or suites. */
function shared(options: TlsOptions): SecureContextOptions {
  const { ca, cert, key, passphrase, minVersion = 'TLSv1.2', ciphers = BCP195_SUITES.join(':') } = options;
  const settings: SecureContextOptions = {
    minVersion,
    ciphers,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
  };
  try {
    createSecureContext(settings);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DicomError('malformed', `TLS: ${why}`, { field: 'tls', cause: error });
  }
  return settings;
}

/** For tls.connect. A host that is an IP address cannot be a server name (RFC 6066). */
export function requestorTls(options: TlsOptions, host: string): SecureContextOptions & Record<string, unknown> {
  const { serverName, verify = true } = options;
  const name = serverName ?? host;
  const isAddress = /^[\d.]+$|:/.test(name);
  return { ...shared(options), rejectUnauthorized: verify, host, ...(isAddress ? {} : { servername: name }) };
}

/** For tls.createServer. Throws 'malformed' without certificate and key. */
export function listenerTls(options: TlsOptions): ServerOptions {
  if (options.cert === undefined || options.key === undefined) {
    throw new DicomError('malformed', 'TLS: a listener needs a certificate and its key', { field: 'tls.cert' });
  }
  const { verify = false } = options;
  return { ...shared(options), honorCipherOrder: true, requestCert: verify, rejectUnauthorized: verify };
}
