// An uploaded instance without its compression, for a PACS that takes no other: written to disk, for the renderer reads files,
// and decoded from there while it is sent.

import type { Transcode } from '../../bridge/gateway.ts';
import { writeFileMeta } from '../../dimse/data/part10.ts';
import type { Instance } from '../../dimse/instance.ts';
import type { Renderer } from '../../render/render.ts';
import { primed } from '../primed.ts';
import { Spool } from './spool.ts';

/** Decodes with `renderer`; what can't be decoded is thrown before anything is sent. */
export function transcodeWith(renderer: Renderer): Transcode {
  return async (instance, transferSyntaxUid, signal) => {
    const spool = new Spool();
    try {
      const { path } = await spool.write(fileOf(instance));
      const { items } = await primed(renderer.transcode(path, transferSyntaxUid, signal));
      const release = async () => {
        await items.return();
        await spool.remove();
      };
      return { body: items, release };
    } catch (error) {
      await spool.remove();
      throw error;
    }
  };
}

async function* fileOf(instance: Instance): AsyncGenerator<Buffer, void, undefined> {
  yield writeFileMeta(instance);
  yield* instance.body;
}
