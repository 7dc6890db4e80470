// Composite Instance Retrieve Without Bulk Data (PS3.4 Annex Z), where a PACS takes it: data sets for metadata, without their pixels.
// What it does not bring, or not as it should, is left to an ordinary retrieve.

import { Tag } from '../../dimse/data/tags.ts';
import { DicomError } from '../../dimse/errors.ts';
import type { Association } from '../../dimse/index.ts';
import type { StoredFile } from '../cache/cache.ts';
import { type IdentifiedInstance, identify } from '../cache/identify.ts';
import type { Pacs } from '../pacs/pacs.ts';
import { levelOf, type Resource } from '../resource.ts';
import { classRounds, contextOf, StudyRootGet, storageContexts, WITHOUT_BULK_DATA_CONTEXT } from './contexts.ts';
import { type Listed, listInstances } from './expectation.ts';

/** What metadata are made of: an instance that is kept, or one without its bulk data, which is not. */
export type Described = Omit<StoredFile, 'path' | 'isOnDisk' | 'onDisk' | 'stored' | 'lend'> & {
  withoutBulkData?: true;
};

/** Milliseconds for which a PACS that does not take it, or answered wrongly, is not asked again. */
const DECLINED_FOR = 3_600_000;
/** Bytes of one data set; what is longer has its bulk data in it. */
const LARGEST = 16 << 20;
/** UIDs in one identifier (PS3.5 7.1.2). */
const UIDS_AT_ONCE = 500;

export class WithoutBulkData {
  readonly #pacs: Pacs;
  #declinedUntil = 0;

  constructor(pacs: Pacs) {
    this.#pacs = pacs;
  }

  /** Whether it is configured for this resource, and not known to be declined. */
  isFor(resource: Resource): boolean {
    const { withoutBulkData, retrieve } = this.#pacs.config;
    if (retrieve === 'move' || Date.now() < this.#declinedUntil) return false;
    const level = levelOf(resource);
    return level === 'instance' ? withoutBulkData !== 'never' : level === 'series' && withoutBulkData === 'series';
  }

  /** Each instance as it comes; returns those that did not, or undefined when none did. */
  async *read(
    resource: Resource,
    signal: AbortSignal,
  ): AsyncGenerator<Described, Pick<Listed, 'series' | 'instance'>[] | undefined> {
    const listed = await listInstances(this.#pacs, resource, signal, { classes: true });
    const left = new Map(listed.map((one) => [one.instance, one]));
    const sopClassUids = [...new Set(listed.flatMap(({ sopClassUid }) => sopClassUid ?? []))];
    const [first, ...more] = classRounds(sopClassUids);
    if (first === undefined || more.length > 0) return undefined;
    const contexts = [WITHOUT_BULK_DATA_CONTEXT, ...contextOf(StudyRootGet), ...storageContexts(first)];
    const lease = await this.#pacs.lease(contexts, { signal });
    try {
      if (!takesIt(lease.association)) this.#decline();
      else yield* this.#bring(lease.association, left, resource, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      if (isWrong(error)) this.#decline();
    } finally {
      lease.release();
    }
    if (left.size === listed.length) return undefined;
    return [...left.values()].map(({ series, instance }) => ({ series, instance }));
  }

  async *#bring(
    association: Association,
    left: Map<string, Listed>,
    { study }: Resource,
    signal: AbortSignal,
  ): AsyncGenerator<Described, void> {
    const uids = [...left.keys()];
    for (let at = 0; at < uids.length; at += UIDS_AT_ONCE) {
      const identifier = identifierOf(uids.slice(at, at + UIDS_AT_ONCE));
      const request = { sopClassUid: WITHOUT_BULK_DATA_CONTEXT.abstractSyntax, identifier };
      for await (const instance of association.get(request, { signal })) {
        const identified = await identify(instance);
        const asked = left.get(identified.sopInstanceUid);
        if (identified.studyInstanceUid !== study || identified.seriesInstanceUid !== asked?.series) throw notAsked();
        const described = await describedBy(identified);
        left.delete(identified.sopInstanceUid);
        yield described;
      }
    }
    if (left.size === uids.length) throw notAsked();
  }

  #decline(): void {
    this.#declinedUntil = Date.now() + DECLINED_FOR;
  }
}

/** Z.4: instances by their UIDs alone, at IMAGE level. */
function identifierOf(uids: readonly string[]) {
  return {
    [Tag.QueryRetrieveLevel]: { vr: 'CS' as const, Value: ['IMAGE'] },
    [Tag.SOPInstanceUID]: { vr: 'UI' as const, Value: [...uids] },
  };
}

function takesIt({ contexts }: Association): boolean {
  return contexts.some(({ abstractSyntax }) => abstractSyntax === WITHOUT_BULK_DATA_CONTEXT.abstractSyntax);
}

/** Throws 'too-large' for what can't be without its bulk data. */
async function describedBy({ body, ...identified }: IdentifiedInstance): Promise<Described> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LARGEST) throw new DicomError('too-large', 'retrieve without bulk data: a data set has bulk data');
    chunks.push(Buffer.from(chunk));
  }
  const bytes = Buffer.concat(chunks);
  const { sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid, transferSyntaxUid } = identified;
  return {
    ...{ sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid, transferSyntaxUid },
    dataOffset: 0,
    size,
    read: (target, position) => bytes.copy(target, 0, position),
    document: () => undefined,
    keep: () => {},
    release: () => {},
    withoutBulkData: true,
  };
}

function notAsked(): DicomError {
  return new DicomError('corrupt', 'retrieve without bulk data: another instance came, or none');
}

/** The PACS has answered, but not with what was asked for. */
function isWrong(error: unknown): boolean {
  return error instanceof DicomError && ['status', 'corrupt', 'too-large', 'protocol'].includes(error.kind);
}
