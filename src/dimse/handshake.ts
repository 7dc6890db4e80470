// handshake(): TLS with a peer and nothing more, to tell what was agreed on, or what is wrong with a certificate.

import { connect } from 'node:tls';
import { DicomError } from './errors.ts';
import { requestorTls, type TlsOptions } from './tls.ts';
import { describeTransportError } from './ul/transport.ts';

export type Handshake = {
  /** For example `TLSv1.3`. */
  protocol: string;
  /** Cipher suite by its standard name. */
  cipher: string;
  /** Common name of the peer's certificate, where it has one, and the end of its validity. */
  name?: string;
  validTo: Date;
};

/**
 * Opens a connection, and closes it when TLS stands. A peer that refuses our certificate may only say so afterwards (TLS 1.3).
 * Throws 'unreachable' with the certificate's problem, 'timeout' after `ms`, 'cancelled', 'malformed'.
 */
export function handshake(
  { host, port, tls }: { host: string; port: number; tls: TlsOptions },
  { ms, signal }: { ms: number; signal: AbortSignal },
): Promise<Handshake> {
  const peer = `${host}:${port}`;
  const detail = { peer, operation: 'TLS' };
  return new Promise((resolve, reject) => {
    const socket = connect({ ...requestorTls(tls, host), port });
    const fail = (error: DicomError) => {
      finish();
      reject(error);
    };
    const onAbort = () => fail(new DicomError('cancelled', `TLS with ${peer}: cancelled`, detail));
    const onTimeout = () =>
      fail(new DicomError('timeout', `TLS with ${peer}: no answer within ${ms / 1000} s`, detail));
    const onEnd = (cause?: Error) =>
      fail(
        new DicomError('unreachable', `cannot connect to ${peer}: ${describeTransportError(cause)}`, {
          ...detail,
          cause,
        }),
      );
    const timer = setTimeout(onTimeout, ms);
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('close', onClose).destroy();
    };
    const onClose = () => onEnd();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onEnd).once('close', onClose);
    socket.once('secureConnect', () => {
      const { subject, valid_to } = socket.getPeerCertificate();
      const name = [subject?.CN].flat()[0];
      const agreed = { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().standardName };
      finish();
      resolve({ ...agreed, ...(name === undefined ? {} : { name }), validTo: new Date(valid_to) });
    });
    if (signal.aborted) onAbort();
  });
}
