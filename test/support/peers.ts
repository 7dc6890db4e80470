// Real peers for tests: start one, use it, stop it. DCMTK's and Orthanc's parts are in the files beside this one.

export {
  type Called,
  type Destination,
  getscuFiles,
  keys,
  type MoveOracle,
  type PeerResource,
  sendFiles,
  startDcmqrscp,
  startMoveOracle,
  startStorescp,
} from './dcmtk.ts';
export { startOrthanc } from './orthanc.ts';
export { freePort, type Peer, requirePeer, runTool, runToolOk, tempDir } from './peer.ts';
