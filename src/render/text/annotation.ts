// What `annotation` burns in (PS3.18 8.3.5.1.1): who the patient is at the top left, how the picture was made at the
// bottom left, in white letters with a black edge.

import type { Dataset, PersonName } from '../../dimse/data/dataset.ts';
import { Tag } from '../../dimse/data/tags.ts';
import { groupOf, numberOf, textOf } from '../attributes.ts';
import type { Image } from '../frames/image.ts';
import type { Annotation, RenderOptions } from '../options.ts';
import type { Overlay } from '../output/encode.ts';
import type { Typeface } from './typeface.ts';

/** The annotation that `options` ask for of frame `n` (1-based); undefined where they ask for none. */
export function annotationOf(
  image: Image,
  n: number,
  { annotation }: RenderOptions,
  typeface: Typeface,
): Overlay | undefined {
  const labels = annotation && labelsOf(image, n, annotation);
  return labels && ((width, height) => labelPicture(labels, width, height, typeface));
}

type Labels = { top: string[]; bottom: string[] };

/** Nothing of the patient is in the lines about technique. */
function labelsOf(image: Image, n: number, wanted: readonly Annotation[]): Labels {
  return {
    top: wanted.includes('patient') ? patientLines(image.attributes) : [],
    bottom: wanted.includes('technique') ? techniqueLines(image, n) : [],
  };
}

/** Name, identification, birth date, sex and age, as far as they are known. */
export function patientLines(attributes: Dataset): string[] {
  const facts = [
    textOf(attributes, Tag.PatientID),
    dated(textOf(attributes, Tag.PatientBirthDate)),
    textOf(attributes, Tag.PatientSex),
    textOf(attributes, Tag.PatientAge),
  ];
  return lines([nameOf(attributes), facts.filter(Boolean).join('  ')]);
}

/** The groups of a name that are there, alphabetic, ideographic and phonetic (PS3.5 6.2.1). */
function nameOf(attributes: Dataset): string {
  const value = attributes[Tag.PatientName]?.Value?.[0];
  if (typeof value !== 'object' || value === null) return '';
  const { Alphabetic, Ideographic, Phonetic } = value as PersonName;
  return [Alphabetic, Ideographic, Phonetic]
    .map((group) => readable(group ?? ''))
    .filter(Boolean)
    .join('  ');
}

/** `Family^Given^Middle^Prefix^Suffix` as `Family, Given Middle Prefix Suffix`. */
function readable(group: string): string {
  const [family = '', ...others] = group.split('^').map((part) => part.trim());
  return lines([family, lines(others).join(' ')]).join(', ');
}

/** Attributes of how a picture was made, with the letters before the value and the unit after it. */
const SETTINGS: readonly (readonly [tag: string, before: string, unit: string])[] = [
  [Tag.KVP, '', ' kV'],
  ['00181151', '', ' mA'], // X-Ray Tube Current
  ['00181152', '', ' mAs'], // Exposure
  ['00180080', 'TR ', ' ms'], // Repetition Time
  ['00180081', 'TE ', ' ms'], // Echo Time
  [Tag.SliceThickness, 'T ', ' mm'],
  ['00201041', 'L ', ' mm'], // Slice Location
];
const PIXEL_MEASURES = Tag.PixelMeasuresSequence;

function techniqueLines(image: Image, n: number): string[] {
  const { attributes, numberOfFrames } = image;
  const moment = [dated(textOf(attributes, Tag.StudyDate)), timed(textOf(attributes, Tag.StudyTime))];
  const kind = [textOf(attributes, Tag.Modality), textOf(attributes, Tag.SeriesDescription)];
  const place = [
    labelled('Se ', numberOf(attributes, Tag.SeriesNumber)),
    labelled('Im ', numberOf(attributes, Tag.InstanceNumber)),
    numberOfFrames > 1 ? `Fr ${n}/${numberOfFrames}` : '',
  ];
  const measures = groupOf(attributes, n, PIXEL_MEASURES);
  const settings = SETTINGS.map(([tag, before, unit]) =>
    labelled(before, numberOf(measures, tag) ?? numberOf(attributes, tag), unit),
  );
  return lines([moment, kind, place, settings].map((line) => line.filter(Boolean).join('  ')));
}

function labelled(before: string, value: number | undefined, unit = ''): string {
  return value === undefined ? '' : `${before}${Number(value.toFixed(2))}${unit}`;
}

function dated(date: string | undefined): string {
  return /^\d{8}$/.test(date ?? '') ? (date ?? '').replace(/(....)(..)(..)/, '$1-$2-$3') : (date ?? '');
}

function timed(time: string | undefined): string {
  return (time ?? '').replace(/^(\d\d)(\d\d)(\d\d)?.*$/, (_, h, m, s) => [h, m, s].filter(Boolean).join(':'));
}

function lines(texts: string[]): string[] {
  return texts.filter((text) => text !== '');
}

/** The grid of the typeface: sizes are multiples of it, so that letters stay crisp. */
const GRID = 16;
/** Height of a picture to which letters of one grid belong. */
const HEIGHT = 512;

/** A line that is too long for the picture is set smaller. */
function labelPicture(labels: Labels, width: number, height: number, typeface: Typeface): string {
  const size = GRID * Math.max(1, Math.round(Math.min(width, height) / HEIGHT));
  const margin = size / 4;
  const drawn = (text: string, y: number): string => {
    const fitting = Math.min(size, (size * (width - 2 * margin)) / typeface.width(text, size));
    return typeface.draw(text, { x: margin, y, size: fitting, fill: '#fff', shadow: '#000' });
  };
  const top = labels.top.map((text, index) => drawn(text, margin + size * (index + 0.875)));
  const bottom = labels.bottom.map((text, index) =>
    drawn(text, height - margin - size * (labels.bottom.length - index - 0.875)),
  );
  const paths = [...top, ...bottom].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${paths}</svg>`;
}
