// What every route is given: the gateway, the renderer, and how this service is seen from outside.

import type { FastifyRequest } from 'fastify';
import type { Archive, FollowedFile, Gateway } from '../bridge/gateway.ts';
import { pathOf } from '../bridge/resource.ts';
import type { ReplaceUid } from '../dimse/data/deidentify/deidentify.ts';
import type { Renderer } from '../render/render.ts';
import type { LoopDelay } from './loop-delay.ts';

/** Limits of an upload, enforced while it streams: bytes, counts, and the milliseconds that all of it may take. */
export type UploadLimits = {
  maxInstanceBytes: number;
  maxUploadBytes: number;
  maxMetadataBytes: number;
  maxPartHeaderBytes: number;
  maxParts: number;
  uploadMs: number;
};

export type Service = {
  gateway: Gateway;
  /** What the request is about: one PACS where its path names it, else what the base path stands for. Throws 'not-found'. */
  archive(request: FastifyRequest): Archive;
  renderer: Renderer;
  /** How late the event loop is. */
  loop: { read(): LoopDelay };
  basePath: string;
  strictAccept: boolean;
  emptySearch: 200 | 204;
  limits: UploadLimits;
  /** What a UID becomes where an instance is de-identified: the same one in every request. */
  replaceUid: ReplaceUid;
  /** Absolute URL of the services as this client sees them, of the PACS that its path names, without a slash at its end. */
  baseUrl(request: FastifyRequest): string;
};

/** URL of the instance resource that `file` is. */
export function locate(baseUrl: string, file: FollowedFile): string {
  const { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance } = file;
  return `${baseUrl}${pathOf({ study, series, instance })}`;
}
