// A composite SOP instance on its way from one place to another.

/** One instance: what identifies it, and its data set exactly as encoded. */
export type Instance = {
  sopClassUid: string;
  sopInstanceUid: string;
  /** How `body` is encoded. */
  transferSyntaxUid: string;
  /**
   * The encoded data set, without preamble and file meta information. Can be read once, and must be read or returned. One that
   * is received can be read by `pieces` too, without a copy: each is valid until the next is asked for.
   */
  body: AsyncIterable<Buffer> & { pieces?(): AsyncIterable<Buffer> };
  /** Of a C-STORE that a C-MOVE caused: Move Originator AE Title and Message ID (PS3.7 9.3.1.1), where the peer says. */
  moveOriginator?: { aeTitle: string; messageId: number };
};

/** Counts of a C-GET or C-MOVE (PS3.7 9.3.3.2), with the status of the response that carried them. */
export type SubOperations = {
  status: number;
  remaining?: number;
  completed?: number;
  failed?: number;
  warning?: number;
  /** Failed SOP Instance UID List (0008,0058) of a final response. */
  failedSopInstanceUids?: string[];
};
