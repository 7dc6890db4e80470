// The inbox as the configuration wants it: what it answers to, who may send, and over what.

import type { Config } from '../config/config.ts';
import { listenerTlsOf } from '../config/tls.ts';
import type { InboxOptions } from './inbox.ts';

/** Throws 'malformed' for TLS settings that do not do. */
export function inboxOptions({ aeTitle, dicom, pacs }: Config): InboxOptions {
  const { host, port, maxAssociations, allowAnyCaller } = dicom;
  const callers = new Set(pacs.map((one) => one.aeTitle));
  const tls = listenerTlsOf(dicom.tls);
  return {
    host,
    port,
    maxAssociations,
    silence: Math.max(...pacs.map(({ timeouts }) => timeouts.response)),
    aeTitles: [...new Set(pacs.map(({ callingAeTitle }) => callingAeTitle ?? aeTitle))],
    allowCalling: (calling) => allowAnyCaller || callers.has(calling),
    ...(tls === undefined ? {} : { tls }),
  };
}
