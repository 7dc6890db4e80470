// A waveform instance as a plot: SVG, or a picture at 4 pixels a millimetre.

import sharp from 'sharp';
import type { Dataset } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { textOf } from '../attributes.ts';
import type { Codecs } from '../codec/wasm.ts';
import type { Annotation, RenderedMediaType, RenderOptions } from '../options.ts';
import { encodePicture } from '../output/encode.ts';
import { moment } from '../report/content.ts';
import { patientLines } from '../text/annotation.ts';
import type { Typeface } from '../text/typeface.ts';
import { waveformsOf } from './channels.ts';
import { type Plot, plotOf, svgOf } from './plot.ts';

/** Media types that a plot can be had in. */
export type PlotMediaType = RenderedMediaType | 'image/svg+xml';

const PIXELS_PER_MM = 4;
/** Beyond this many pixels a side the paper is drawn smaller. */
const MAX_SIDE = 8192;

/**
 * Plots the waveforms of a data set. A plot tells when it was acquired; who the patient is, where `annotation` asks for it.
 * @throws DicomError `not-acceptable` without waveforms, `corrupt` for broken ones
 */
export async function renderWaveform(
  dataset: Dataset,
  mediaType: PlotMediaType,
  options: Omit<RenderOptions, 'mediaType'>,
  { codecs, typeface }: { codecs: Codecs; typeface: Typeface },
): Promise<Buffer> {
  const plot = plotOf(waveformsOf(dataset), titleOf(dataset, options.annotation ?? []), typeface);
  if (mediaType === 'image/svg+xml') return Buffer.from(svgOf(plot));
  const picture = await rasterized(plot);
  const { annotation: _drawn, ...rest } = options;
  return encodePicture(picture, { ...rest, mediaType }, codecs);
}

function titleOf(dataset: Dataset, annotation: readonly Annotation[]): string {
  const acquired = moment(textOf(dataset, Tag.AcquisitionDateTime));
  const patient = annotation.includes('patient') ? patientLines(dataset) : [];
  return [textOf(dataset, Tag.Modality), acquired, ...patient].filter(Boolean).join('  ');
}

async function rasterized(plot: Plot): Promise<Parameters<typeof encodePicture>[0]> {
  const scale = Math.min(PIXELS_PER_MM, MAX_SIDE / plot.width, MAX_SIDE / plot.height);
  const { data, info } = await sharp(Buffer.from(svgOf(plot, scale)))
    .flatten({ background: '#fff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const size = { width: info.width, height: info.height };
  return { ...size, source: size, channels: 3, data };
}
