// TABLE PS3.8 9-10: what each event does in each state. Pure: connection.ts performs the actions.

/** PS3.8 9.2.1: 1 idle; 2 awaiting RQ; 3 awaiting local answer; 4 awaiting transport; 5 awaiting AC or RJ; 6 data transfer;
 * 7 awaiting RP; 8 awaiting local release response; 9–12 release collision; 13 awaiting transport close. */
export type State =
  | 'Sta1'
  | 'Sta2'
  | 'Sta3'
  | 'Sta4'
  | 'Sta5'
  | 'Sta6'
  | 'Sta7'
  | 'Sta8'
  | 'Sta9'
  | 'Sta10'
  | 'Sta11'
  | 'Sta12'
  | 'Sta13';

/** PS3.8 9.2.2, Tables 9-6 to 9-9. */
export type Action =
  | `AE-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`
  | `DT-${1 | 2}`
  | `AR-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10}`
  | `AA-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`;

type Cell = readonly [Action, State];
/** Two next states where the action decides: AE-6 (acceptable or not), AR-8 (requestor or acceptor). */
type Fork = readonly [Action, State, State];
type Row = { readonly [S in State]?: Cell | Fork };

/** A PDU that comes at the wrong time: abort; what comes after an abort is ignored. */
const unexpected: Row = {
  Sta2: ['AA-1', 'Sta13'],
  Sta3: ['AA-8', 'Sta13'],
  Sta5: ['AA-8', 'Sta13'],
  Sta6: ['AA-8', 'Sta13'],
  Sta7: ['AA-8', 'Sta13'],
  Sta8: ['AA-8', 'Sta13'],
  Sta9: ['AA-8', 'Sta13'],
  Sta10: ['AA-8', 'Sta13'],
  Sta11: ['AA-8', 'Sta13'],
  Sta12: ['AA-8', 'Sta13'],
  Sta13: ['AA-6', 'Sta13'],
};

/** The same cell for Sta3 and Sta5 to Sta12: wherever an association exists or is being made. */
const associated = (cell: Cell): Row =>
  Object.fromEntries(
    Object.keys(unexpected)
      .slice(1, -1)
      .map((state) => [state, cell]),
  );

const TABLE = {
  'associate-request': { Sta1: ['AE-1', 'Sta4'] },
  'transport-confirm': { Sta4: ['AE-2', 'Sta5'] },
  'associate-ac': { ...unexpected, Sta5: ['AE-3', 'Sta6'] },
  'associate-rj': { ...unexpected, Sta5: ['AE-4', 'Sta1'] },
  'transport-indication': { Sta1: ['AE-5', 'Sta2'] },
  'associate-rq': { ...unexpected, Sta2: ['AE-6', 'Sta3', 'Sta13'], Sta13: ['AA-7', 'Sta13'] },
  'associate-accept': { Sta3: ['AE-7', 'Sta6'] },
  'associate-reject': { Sta3: ['AE-8', 'Sta13'] },
  'p-data-request': { Sta6: ['DT-1', 'Sta6'], Sta8: ['AR-7', 'Sta8'] },
  'p-data-tf': { ...unexpected, Sta6: ['DT-2', 'Sta6'], Sta7: ['AR-6', 'Sta7'] },
  'release-request': { Sta6: ['AR-1', 'Sta7'] },
  'release-rq': { ...unexpected, Sta6: ['AR-2', 'Sta8'], Sta7: ['AR-8', 'Sta9', 'Sta10'] },
  'release-rp': { ...unexpected, Sta7: ['AR-3', 'Sta1'], Sta10: ['AR-10', 'Sta12'], Sta11: ['AR-3', 'Sta1'] },
  'release-response': { Sta8: ['AR-4', 'Sta13'], Sta9: ['AR-9', 'Sta11'], Sta12: ['AR-4', 'Sta13'] },
  'abort-request': { ...associated(['AA-1', 'Sta13']), Sta4: ['AA-2', 'Sta1'] },
  abort: { ...associated(['AA-3', 'Sta1']), Sta2: ['AA-2', 'Sta1'], Sta13: ['AA-2', 'Sta1'] },
  'transport-closed': {
    ...associated(['AA-4', 'Sta1']),
    Sta2: ['AA-5', 'Sta1'],
    Sta4: ['AA-4', 'Sta1'],
    Sta13: ['AR-5', 'Sta1'],
  },
  'artim-expired': { Sta2: ['AA-2', 'Sta1'], Sta13: ['AA-2', 'Sta1'] },
  'invalid-pdu': { ...unexpected, Sta13: ['AA-7', 'Sta13'] },
} as const satisfies { readonly [event: string]: Row };

/** The events of Table 9-10: PDUs by their names, the others as primitives of PS3.8 7 or of the transport. */
export type Event = keyof typeof TABLE;
export const EVENTS = Object.keys(TABLE) as readonly Event[];

/**
 * What `event` does in `state`; undefined where Table 9-10 has no entry.
 * @param other choose the second next state: the request is not acceptable (AE-6), or we are the acceptor (AR-8)
 */
export function transition(state: State, event: Event, other = false): Cell | undefined {
  const row: Row = TABLE[event];
  const cell = row[state];
  if (cell === undefined) return undefined;
  if (cell.length === 2) return cell;
  const [action, next, fork] = cell;
  return [action, other ? fork : next];
}
