// What went wrong with a connection, in words.

/** What went wrong with a connection, in words, by the code of Node's error; TABLE. */
const TRANSPORT_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EPIPE: 'connection closed by peer',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name lookup failed',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  EADDRNOTAVAIL: 'address not available',
  // Certificates: what OpenSSL and Node say of the peer's one.
  CERT_HAS_EXPIRED: 'TLS: certificate of the peer has expired',
  CERT_NOT_YET_VALID: 'TLS: certificate of the peer is not valid yet',
  CERT_REVOKED: 'TLS: certificate of the peer was revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS: certificate of the peer is self-signed and not among the trusted ones',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS: certificate chain of the peer ends in a self-signed certificate that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS: certificate of the peer was issued by an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'TLS: issuer of the certificate of the peer is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'TLS: issuer of the certificate of the peer is not known',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS: certificate of the peer was issued for another host name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'TLS: the peer does not speak TLS on this port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'TLS: the peer does not speak TLS on this port',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'TLS: no common protocol version (1.2 or later is needed)',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'TLS: the peer refuses our protocol version (1.2 or later)',
  ERR_SSL_NO_SHARED_CIPHER: 'TLS: no common cipher suite',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'TLS: the peer refuses the handshake (no common cipher suite, or it wants a certificate)',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'TLS: the peer wants a client certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'TLS: the peer refuses our certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'TLS: the peer says that our certificate has expired',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'TLS: the peer does not accept our certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'TLS: the peer does not trust the issuer of our certificate',
};

/** «connection refused (ECONNREFUSED)»; «connection closed» without an error. */
export function describeTransportError(error: Error | undefined): string {
  if (error === undefined) return 'connection closed';
  const code = 'code' in error ? String(error.code) : error.name;
  const nested = error instanceof AggregateError ? error.errors[0] : undefined;
  if (nested instanceof Error) return describeTransportError(nested);
  return `${TRANSPORT_ERRORS[code] ?? error.message} (${code})`;
}
