// What the path of a request names: UIDs and frame lists, checked before any work is done (PS3.18 10.1.1).

import type { FastifyRequest } from 'fastify';
import type { Resource } from '../bridge/resource.ts';
import { isUidShape } from '../dimse/data/uid.ts';
import { DicomError } from '../dimse/errors.ts';

const FRAME = /^[1-9]\d{0,9}$/;
const MOST_FRAMES = 4096;

/**
 * A UID by its shape only: archives hold instances whose UIDs break PS3.5 9.1 (leading zeros, 66 characters).
 * @throws DicomError `malformed` naming `field`
 */
export function uid(value: string, field: string): string {
  if (!isUidShape(value)) {
    throw new DicomError('malformed', `${field} is not a UID`, { field });
  }
  return value;
}

/**
 * Frame numbers from 1, ascending, each once.
 * @throws DicomError `malformed` for anything else
 */
export function frameList(text: string): number[] {
  const frames = text.split(',').map((piece) => {
    if (!FRAME.test(piece.trim())) {
      throw new DicomError('malformed', 'frames is not a list of frame numbers from 1', { field: 'frames' });
    }
    return Number(piece);
  });
  if (frames.some((frame, i) => i > 0 && frame <= (frames[i - 1] ?? 0))) {
    throw new DicomError('malformed', 'frames are not in ascending order, each once', { field: 'frames' });
  }
  if (frames.length > MOST_FRAMES) {
    throw new DicomError('malformed', `frames has more than ${MOST_FRAMES} numbers`, { field: 'frames' });
  }
  return frames;
}

/** The AE title in the path of `request`, where it names a PACS. */
export function aeTitleOf(request: FastifyRequest): string | undefined {
  return (request.params as { aet?: string } | undefined)?.aet;
}

type Params = { study?: string; series?: string; instance?: string; frames?: string };

/** The resource that the path of `request` names. @throws DicomError `malformed` */
export function resourceOf(request: FastifyRequest): Resource {
  const params = request.params as Params;
  const resource: Resource = { study: uid(params.study ?? '', 'study') };
  if (params.series !== undefined) resource.series = uid(params.series, 'series');
  if (params.instance !== undefined) resource.instance = uid(params.instance, 'instance');
  if (params.frames !== undefined) resource.frames = frameList(params.frames);
  return resource;
}
