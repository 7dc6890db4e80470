// The TLS settings as src/dimse takes them: files are read, and what they hold is tried, so that a wrong one stops the start.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { DicomError } from '../../dimse/errors.ts';
import type { TlsOptions } from '../../dimse/index.ts';
import type { Config, PacsConfig } from './schema.ts';

type PacsTls = PacsConfig['tls'];
type ListenerTls = Config['dicom']['tls'];

/** For connect(); undefined where TLS is off. `path` names the settings in errors. Throws 'malformed'. */
export function requestorTlsOf(tls: PacsTls, path: string): TlsOptions | undefined {
  if (!tls.enabled) return undefined;
  const { serverName, verify } = tls;
  return { ...identityOf(tls, path), verify, ...(serverName === undefined ? {} : { serverName }) };
}

/** For listen(); undefined where TLS is off. Throws 'malformed'. */
export function listenerTlsOf(tls: ListenerTls, path = 'dicom.tls'): TlsOptions | undefined {
  if (!tls.enabled) return undefined;
  const { cert, ca, requireClientCertificate } = tls;
  if (cert === undefined) throw wrong(`${path}.cert`, 'a listener needs a certificate');
  if (ca === undefined && requireClientCertificate) {
    throw wrong(
      `${path}.ca`,
      `needed to check certificates of peers, or set ${path}.requireClientCertificate to false`,
    );
  }
  return { ...identityOf(tls, path), verify: requireClientCertificate };
}

function identityOf(tls: PacsTls | ListenerTls, path: string): TlsOptions {
  const { ca, cert, key, passphrase, minVersion } = tls;
  if (cert !== undefined && key === undefined)
    throw wrong(`${path}.key`, 'the private key of the certificate is missing');
  if (key !== undefined && cert === undefined)
    throw wrong(`${path}.cert`, 'the certificate of the private key is missing');
  const options: TlsOptions = {
    minVersion,
    ...(ca === undefined ? {} : { ca: certificateOf(ca, `${path}.ca`) }),
    ...(cert === undefined ? {} : { cert: certificateOf(cert, `${path}.cert`) }),
    ...(key === undefined ? {} : { key: contentOf(key, `${path}.key`) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw wrong(`${path}.key`, `${key ?? ''} does not do for the certificate: ${reasonOf(cause)}`, cause);
  }
  return options;
}

/** Node takes a file that holds no certificate without a word. */
function certificateOf(file: string, path: string): Buffer {
  const content = contentOf(file, path);
  try {
    new X509Certificate(content);
  } catch (cause) {
    throw wrong(path, `${file} holds no certificate in PEM form`, cause);
  }
  return content;
}

function contentOf(file: string, path: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw wrong(path, `${file} cannot be read: ${reasonOf(cause)}`, cause);
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown error';
}

function wrong(path: string, what: string, cause?: unknown): DicomError {
  return new DicomError('malformed', `config: ${path}: ${what}`, { field: 'config', ...(cause ? { cause } : {}) });
}
