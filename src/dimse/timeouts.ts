// How long this side waits: association and DIMSE level deadlines, kept apart from ARTIM (PS3.8 9.1.5).

/** Milliseconds. */
export type Timeouts = {
  /** TCP connection and TLS handshake. */
  connect: number;
  /** Answer to our A-ASSOCIATE-RQ. */
  associate: number;
  /** Silence while an answer, the rest of a message, or room to send is due. */
  response: number;
  /** Final response after our C-CANCEL. */
  cancel: number;
  /** Answer to our A-RELEASE-RQ. */
  release: number;
  /** PS3.8 9.1.5: an acceptor's wait for A-ASSOCIATE-RQ, and the wait for the peer to close. */
  artim: number;
  /** Acceptor: an association on which nothing is asked. */
  idle: number;
};

export const DEFAULT_TIMEOUTS: Timeouts = {
  connect: 10_000,
  associate: 30_000,
  response: 60_000,
  cancel: 3_000,
  release: 10_000,
  artim: 10_000,
  idle: 600_000,
};
