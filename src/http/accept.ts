// Content negotiation (PS3.18 8.7.5 to 8.7.8): from the `accept` parameter and the Accept header to the representations
// the client takes, best first. Which of them an instance can be given in is for the caller to see: what is stored decides.

import { DicomError } from '../dimse/errors.ts';
import { type MediaRange, parseAccept } from './media-type.ts';
import { ALIASES, EXPLICIT_LITTLE, OFFERS, type Offer, type ResourceKind } from './offers.ts';

/** A representation the client takes. `transferSyntax` is a UID or `*`; `named` tells whether the client said so. */
export type Representation = { mediaType: string; multipart: boolean; transferSyntax?: string; named: boolean };

/** `query` is the value of the `accept` parameter; `strict` follows 8.7.7 and 8.3.3.1 to the letter. */
export type Wanted = { header?: string | undefined; query?: string | undefined; strict?: boolean };

type Candidate = Representation & { q: number; specificity: number; order: number };
type Match = { specificity: number; transferSyntax?: string; named: boolean };

const DICOM_TYPES = new Set(['application/dicom', 'application/dicom+json', 'application/dicom+xml']);
const RENDERED_TYPE = /^(image|video)\/[^*]+$|^text\/(html|plain|xml|rtf)$|^application\/pdf$/;
/** Kinds where a list that mixes DICOM and rendered types means two different resources (8.7.5). */
const UNMIXED: ReadonlySet<ResourceKind> = new Set(['instance', 'instances', 'rendered', 'rendered-set', 'thumbnail']);

/** The type that a range is about: of multipart/related its `type` parameter. */
function subject(range: MediaRange): { type: string; multipart: boolean | undefined } {
  if (range.type === '*/*') return { type: '*/*', multipart: undefined };
  if (range.type === 'multipart/*') return { type: '*/*', multipart: true };
  if (range.type !== 'multipart/related') return { type: ALIASES[range.type] ?? range.type, multipart: false };
  const inner = (range.parameters.get('type') ?? '*/*').toLowerCase();
  return { type: ALIASES[inner] ?? inner, multipart: true };
}

/** How `range` speaks of `offer`: undefined when it doesn't; more specific is higher (8.7.8.1). */
function match(range: MediaRange, offer: Offer): Match | undefined {
  const { type, multipart } = subject(range);
  if (multipart !== undefined && multipart !== offer.multipart) return undefined;
  const exact = type === offer.mediaType.toLowerCase();
  const wildcard = type === '*/*' || (type.endsWith('/*') && offer.mediaType.startsWith(type.slice(0, -1)));
  if (!exact && (!wildcard || offer.named === true)) return undefined;
  const base = exact ? 4 : (type === '*/*' ? 0 : 2) + (multipart === true ? 1 : 0);
  const { transferSyntaxes } = offer;
  if (transferSyntaxes === undefined) return { specificity: base, named: false };
  const syntax = range.parameters.get('transfer-syntax');
  if (syntax === undefined) {
    const standard = transferSyntaxes === 'any' ? EXPLICIT_LITTLE : transferSyntaxes[0];
    return { specificity: base, transferSyntax: standard, named: false };
  }
  const offered = syntax === '*' || transferSyntaxes === 'any' || transferSyntaxes.includes(syntax);
  return offered ? { specificity: base + 1, transferSyntax: syntax, named: true } : undefined;
}

/** What a list takes of the offers, best first: by q of the most specific range, then by specificity, then as listed. */
function rank(ranges: readonly MediaRange[], offers: readonly Offer[]): Representation[] {
  const best = new Map<string, Candidate>();
  ranges.forEach((range, order) => {
    for (const offer of offers) {
      const found = match(range, offer);
      if (found === undefined) continue;
      const { mediaType, multipart } = offer;
      const key = `${mediaType} ${multipart} ${found.transferSyntax ?? ''}`;
      const before = best.get(key);
      if (before !== undefined && before.specificity >= found.specificity) continue;
      best.set(key, { mediaType, multipart, ...found, q: range.q, order });
    }
  });
  return [...best.values()]
    .filter((candidate) => candidate.q > 0)
    .sort((a, b) => b.q - a.q || b.specificity - a.specificity || a.order - b.order)
    .map(({ mediaType, multipart, transferSyntax, named }) =>
      transferSyntax === undefined ? { mediaType, multipart, named } : { mediaType, multipart, transferSyntax, named },
    );
}

function refuseMixture(kind: ResourceKind, ranges: readonly MediaRange[]): void {
  if (!UNMIXED.has(kind)) return;
  const types = ranges.filter((range) => range.q > 0).map(subject);
  const isRendered = ({ type, multipart }: { type: string; multipart: boolean | undefined }): boolean =>
    RENDERED_TYPE.test(type) && (multipart === false || kind.startsWith('rendered'));
  if (types.some(({ type }) => DICOM_TYPES.has(type)) && types.some(isRendered)) {
    throw new DicomError('malformed', 'Accept mixes DICOM and rendered media types', { field: 'Accept' });
  }
}

/** A sentence about what is offered, for 406 bodies (8.5: should list the available types). */
function offered(offers: readonly Offer[]): string {
  const texts = offers.map(({ mediaType, multipart }) =>
    multipart ? `multipart/related; type="${mediaType}"` : mediaType,
  );
  return [...new Set(texts)].join(', ');
}

/**
 * The representations of `kind` that the client takes, best first, at least one. `extra` are offers of this very resource,
 * such as the type of an encapsulated document; they go before the others.
 * @throws DicomError `not-acceptable` when there is none, `malformed` for a list that mixes DICOM and rendered types
 */
export function choose(kind: ResourceKind, wanted: Wanted, extra: readonly Offer[] = []): Representation[] {
  const offers = [...extra, ...OFFERS[kind]];
  if (wanted.header === undefined && wanted.strict === true) {
    throw new DicomError('not-acceptable', `the request has no Accept header; offered: ${offered(offers)}`, {
      field: 'Accept',
    });
  }
  const header = parseAccept(wanted.header ?? '*/*');
  // A wildcard is no part of the parameter's grammar (8.3.3.1); members that break the grammar are ignored.
  const query = parseAccept(wanted.query ?? '').filter((range) => !subject(range).type.includes('*'));
  refuseMixture(kind, header);
  refuseMixture(kind, query);
  const byHeader = rank(header, offers);
  const byQuery = rank(query, offers).filter((one) => wanted.strict !== true || isWithin(one, header));
  const ranked = [...byQuery, ...byHeader];
  if (ranked.length === 0) {
    throw new DicomError('not-acceptable', `none of the acceptable types is offered; offered: ${offered(offers)}`, {
      field: 'Accept',
    });
  }
  return ranked;
}

/** 8.3.3.1: what the parameter names must fit some range of the header. */
function isWithin({ mediaType, multipart }: Representation, header: readonly MediaRange[]): boolean {
  return header.some((range) => range.q > 0 && match(range, { mediaType, multipart }) !== undefined);
}
