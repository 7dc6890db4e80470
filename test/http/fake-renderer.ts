// A renderer that draws nothing: a picture is the JSON of what was asked, so that tests see it.

import { basename } from 'node:path';
import { DicomError } from '../../src/dimse/errors.ts';
import { openImage } from '../../src/render/frames/image.ts';
import type { Place } from '../../src/render/frames/source.ts';
import type { Renderer } from '../../src/render/render.ts';
import { DOCUMENT, EXPLICIT, FIXTURES, PIXELS } from './fixtures.ts';

export type FakeRenderer = Omit<Renderer, 'hasFfmpeg'> & {
  hasFfmpeg: boolean;
  /** Compressed frames can't be decoded while this is set. */
  undecodable: boolean;
  /** Jobs done. */
  jobs: number;
};

const WITHOUT_PIXELS = new Set([FIXTURES.pdf, FIXTURES.report].map((one) => `${one.sopInstanceUid}.dcm`));

export function createFakeRenderer(): FakeRenderer {
  const refuse = (path: Place): void => {
    if (WITHOUT_PIXELS.has(nameOf(path))) {
      throw new DicomError('not-acceptable', 'the instance has no pixel data', { field: 'PixelData' });
    }
    if (fake.undecodable) throw new DicomError('not-acceptable', 'no decoder');
    fake.jobs++;
  };
  const fake: FakeRenderer = {
    undecodable: false,
    jobs: 0,
    async render(path, frame, options) {
      refuse(path);
      const { numberOfFrames } = await openImage(path);
      if (frame > numberOfFrames) throw new DicomError('not-found', 'no such frame');
      return {
        mediaType: options.mediaType,
        bytes: Buffer.from(JSON.stringify({ file: nameOf(path), frame, ...options })),
      };
    },
    async present(state, path, frame, options) {
      refuse(path);
      const asked = { state: nameOf(state), file: nameOf(path), frame, ...options };
      return { mediaType: options.mediaType, bytes: Buffer.from(JSON.stringify(asked)) };
    },
    async animate(path, options) {
      refuse(path);
      return { mediaType: options.mediaType, bytes: Buffer.from(JSON.stringify({ animated: true, ...options })) };
    },
    hasFfmpeg: true,
    async movie(path, options) {
      refuse(path);
      return Buffer.from(JSON.stringify({ movie: nameOf(path), ...options }));
    },
    async still(path, frame, options) {
      fake.jobs++;
      return Buffer.from(JSON.stringify({ still: nameOf(path), frame, ...options }));
    },
    async report(path, mediaType, base) {
      fake.jobs++;
      return Buffer.from(JSON.stringify({ file: nameOf(path), mediaType, base }));
    },
    async plot(path, mediaType, options) {
      fake.jobs++;
      return Buffer.from(JSON.stringify({ file: nameOf(path), mediaType, ...options }));
    },
    async icon(word, options) {
      fake.jobs++;
      return Buffer.from(JSON.stringify({ word, ...options }));
    },
    async decode(path, frame) {
      refuse(path);
      return { bytes: Buffer.concat([Buffer.from([frame]), PIXELS]), photometricInterpretation: 'MONOCHROME2' };
    },
    declared: (path, frame) => fake.decode(path, frame),
    async encode() {
      throw new DicomError('not-acceptable', 'no encoder');
    },
    async *transcode(path, transferSyntaxUid) {
      if (transferSyntaxUid !== EXPLICIT) throw new DicomError('not-acceptable', 'no encoder');
      refuse(path);
      yield Buffer.from('decoded:');
      yield DOCUMENT;
    },
    async rehearse() {},
    async close() {},
  };
  return fake;
}

function nameOf(place: Place): string {
  return typeof place === 'string' ? basename(place) : 'bytes';
}
