// Waveforms as numbers in their units (PS3.3 C.10.9): samples unpacked, sensitivity, correction and baseline applied.

import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import { itemsOf, numberOf, textOf } from '../attributes.ts';

/** One channel. Padding and what is no number are NaN. */
export type Channel = {
  label: string;
  /** Unit of the values; empty where the file tells none, and the values are then the samples. */
  unit: string;
  /** Filters that the recorder applied, in words. */
  filters: string;
  values: Float64Array;
};

/** Channels that were sampled together. */
export type MultiplexGroup = { label: string; frequency: number; channels: Channel[] };

/** How samples lie in Waveform Data, by Waveform Sample Interpretation (C.10.9.1.5). */
type Reader = { bytes: number; read: (data: DataView, at: number) => number };

const INTERPRETATIONS: Readonly<Record<string, Reader>> = {
  SB: { bytes: 1, read: (data, at) => data.getInt8(at) },
  UB: { bytes: 1, read: (data, at) => data.getUint8(at) },
  MB: { bytes: 1, read: (data, at) => decodedMuLaw(data.getUint8(at)) },
  AB: { bytes: 1, read: (data, at) => decodedALaw(data.getUint8(at)) },
  SS: { bytes: 2, read: (data, at) => data.getInt16(at, true) },
  US: { bytes: 2, read: (data, at) => data.getUint16(at, true) },
  SL: { bytes: 4, read: (data, at) => data.getInt32(at, true) },
  UL: { bytes: 4, read: (data, at) => data.getUint32(at, true) },
};

const MAX_CHANNELS = 512;

/** Reads every multiplex group. @throws DicomError `not-acceptable` without waveforms, `corrupt` for broken ones */
export function waveformsOf(dataset: Dataset): MultiplexGroup[] {
  const groups = itemsOf(dataset, Tag.WaveformSequence);
  if (groups.length === 0) {
    throw new DicomError('not-acceptable', 'The instance has no waveforms', { field: 'WaveformSequence' });
  }
  return groups.map(groupOf);
}

function groupOf(group: Dataset): MultiplexGroup {
  const definitions = itemsOf(group, '003A0200').slice(0, MAX_CHANNELS);
  const frequency = numberOf(group, '003A001A');
  const reader = INTERPRETATIONS[textOf(group, Tag.WaveformSampleInterpretation) ?? 'SS'];
  const bytes = dataOf(group, reader?.bytes ?? 2);
  if (!frequency || frequency <= 0 || !reader || !bytes) {
    throw new DicomError('corrupt', 'The waveform has no frequency or no samples', { field: 'WaveformData' });
  }
  const stored = numberOf(group, '003A0005') ?? definitions.length;
  const frame = stored * reader.bytes;
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = Math.min(
    numberOf(group, '003A0010') ?? Number.POSITIVE_INFINITY,
    Math.floor(data.byteLength / frame),
  );
  if (!(samples > 0)) throw new DicomError('corrupt', 'The waveform has no samples', { field: 'WaveformData' });
  const padding = paddingOf(group, reader);
  return {
    label: textOf(group, '003A0020') ?? '',
    frequency,
    channels: definitions.slice(0, stored).map((definition, channel) => {
      const stretch = scaleOf(definition);
      const values = Float64Array.from({ length: samples }, (_, sample) => {
        const value = reader.read(data, sample * frame + channel * reader.bytes);
        return value === padding ? Number.NaN : value * stretch.factor + stretch.baseline;
      });
      return { label: labelOf(definition, channel), unit: stretch.unit, filters: filtersOf(definition), values };
    }),
  };
}

/** Waveform Data: bytes, or the numbers of a file that encodes few samples as words. */
function dataOf(group: Dataset, size: number): Uint8Array | undefined {
  const attribute = group[Tag.WaveformData];
  if (attribute?.InlineBinary) return attribute.InlineBinary;
  const numbers = (attribute?.Value ?? []).filter((value) => typeof value === 'number');
  if (numbers.length === 0) return undefined;
  return new Uint8Array(size === 1 ? Uint8Array.from(numbers) : Uint16Array.from(numbers).buffer);
}

function paddingOf(group: Dataset, { bytes, read }: Reader): number | undefined {
  const attribute = group['5400100A'];
  const raw = attribute?.InlineBinary;
  if (raw && raw.length >= bytes) return read(new DataView(raw.buffer, raw.byteOffset, raw.byteLength), 0);
  return numberOf(group, '5400100A');
}

/** Channel Sensitivity, Sensitivity Correction Factor and Baseline (C.10.9.1.4.2): the unit of one sample step. */
function scaleOf(definition: Dataset): { factor: number; baseline: number; unit: string } {
  const sensitivity = numberOf(definition, '003A0210');
  if (sensitivity === undefined) return { factor: 1, baseline: 0, unit: '' };
  const unit = itemsOf(definition, '003A0211')[0];
  return {
    factor: sensitivity * (numberOf(definition, '003A0212') ?? 1),
    baseline: numberOf(definition, '003A0213') ?? 0,
    unit: (unit && textOf(unit, '00080100')) ?? '',
  };
}

/** Channel Label, else the meaning of the Channel Source without the word that every lead has. */
function labelOf(definition: Dataset, channel: number): string {
  const source = itemsOf(definition, '003A0208')[0];
  const meaning = source && textOf(source, '00080104');
  return textOf(definition, '003A0203') ?? meaning?.replace(/^Lead /, '') ?? String(channel + 1);
}

/** Filter Low and High Frequency, Notch Filter Frequency. */
function filtersOf(definition: Dataset): string {
  const [low, high, notch] = ['003A0220', '003A0221', '003A0222'].map((tag) => numberOf(definition, tag));
  const band = low === undefined && high === undefined ? '' : `${low ?? ''}-${high ?? ''} Hz`;
  return [band, notch ? `notch ${notch} Hz` : ''].filter(Boolean).join(', ');
}

/** ITU-T G.711, μ-law to 14 bits. */
function decodedMuLaw(byte: number): number {
  const inverted = ~byte & 0xff;
  const magnitude = ((((inverted & 0x0f) << 3) + 0x84) << ((inverted >> 4) & 7)) - 0x84;
  return (inverted & 0x80 ? -magnitude : magnitude) >> 2;
}

/** ITU-T G.711, A-law to 13 bits. */
function decodedALaw(byte: number): number {
  const plain = byte ^ 0x55;
  const exponent = (plain >> 4) & 7;
  const step = ((plain & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? step : (step + 0x100) << (exponent - 1);
  return (plain & 0x80 ? magnitude : -magnitude) >> 3;
}
