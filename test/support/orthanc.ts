// Orthanc as a peer: DICOM server and, where asked for, its own DICOMweb plugin as the other side of differential tests.

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Destination } from './dcmtk.ts';
import { freePort, launch, type Peer } from './peer.ts';

const PLUGIN_FOLDERS = ['/usr/share/orthanc/plugins', '/usr/lib/orthanc/plugins', '/usr/local/share/orthanc/plugins'];

/** Starts Orthanc on free ports, without transcoding, and loads the files over its REST interface. */
export async function startOrthanc(
  options: {
    files?: readonly string[];
    modalities?: Record<string, Destination>;
    dicomWeb?: boolean;
    aeTitle?: string;
    /** More or other lines of its configuration. */
    configuration?: Record<string, unknown>;
  } = {},
): Promise<Peer & { httpUrl: string }> {
  const { files = [], aeTitle = 'ORTHANC' } = options;
  let httpUrl = '';
  const peer = await launch({
    program: 'Orthanc',
    aeTitle,
    async prepare(dir, port) {
      const httpPort = await freePort();
      httpUrl = `http://127.0.0.1:${httpPort}`;
      const configuration = { ...settings({ dir, port, httpPort, aeTitle, ...options }), ...options.configuration };
      await writeFile(join(dir, 'orthanc.json'), JSON.stringify(configuration, undefined, 2));
      return ['orthanc.json'];
    },
    async probe() {
      const response = await fetch(`${httpUrl}/system`, { signal: AbortSignal.timeout(2000) });
      await response.arrayBuffer();
    },
  });
  try {
    for (const file of files) await upload(httpUrl, file);
    return { ...peer, httpUrl };
  } catch (error) {
    await peer.stop();
    throw error;
  }
}

type Settings = {
  dir: string;
  port: number;
  httpPort: number;
  aeTitle: string;
  modalities?: Record<string, Destination>;
  dicomWeb?: boolean;
};

function settings(options: Settings): Record<string, unknown> {
  const modalities = Object.entries(options.modalities ?? {}).map(([aeTitle, { host, port }]) => [
    aeTitle,
    [aeTitle, host, port],
  ]);
  return {
    Name: options.aeTitle,
    StorageDirectory: join(options.dir, 'storage'),
    Plugins: options.dicomWeb === true ? [dicomWebPlugin()] : [],
    HttpServerEnabled: true,
    HttpPort: options.httpPort,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    HttpDescribeErrors: true,
    DicomServerEnabled: true,
    DicomAet: options.aeTitle,
    DicomPort: options.port,
    DicomCheckCalledAet: false,
    DicomAlwaysAllowEcho: true,
    DicomAlwaysAllowStore: true,
    DicomAlwaysAllowFind: true,
    DicomAlwaysAllowGet: true,
    DicomAlwaysAllowMove: true,
    DicomModalities: Object.fromEntries(modalities),
    StoreDicom: true,
    StorageCompression: false,
    OverwriteInstances: true,
    // Stored syntaxes go out as they are, or not at all.
    TranscodeDicomProtocol: false,
    UnknownSopClassAccepted: true,
    DefaultEncoding: 'Utf8',
    KeepAlive: true,
    TcpNoDelay: true,
    DicomThreadsCount: 8,
    DicomWeb: {
      Enable: true,
      Root: '/dicom-web/',
      EnableWado: true,
      WadoRoot: '/wado',
      StudiesMetadata: 'Full',
      SeriesMetadata: 'Full',
    },
  };
}

function dicomWebPlugin(): string {
  const path = PLUGIN_FOLDERS.map((folder) => join(folder, 'libOrthancDicomWeb.so')).find((file) => existsSync(file));
  if (path === undefined)
    throw new Error('orthanc-dicomweb is not installed: apt-get install -y orthanc orthanc-dicomweb');
  return path;
}

async function upload(httpUrl: string, file: string): Promise<void> {
  const response = await fetch(`${httpUrl}/instances`, { method: 'POST', body: await readFile(file) });
  const text = await response.text();
  if (!response.ok) throw new Error(`Orthanc did not store ${file}: ${response.status} ${text.slice(0, 300)}`);
}
