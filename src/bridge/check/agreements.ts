// Steps of `check` about extended negotiation: asked by what searches themselves ask with, and told as what they then do.

import type { FindOption } from '../../dimse/index.ts';
import type { Pacs } from '../pacs/pacs.ts';
import type { CheckStep, Finding } from './row.ts';

type Option = { step: CheckStep; option: FindOption; agreed: string; declined: string };

/** PS3.4 C.5.1.1; what is said of each option must be what src/bridge/search/negotiated.ts does. */
export const OPTIONS: readonly Option[] = [
  {
    step: 'date-time',
    option: 'combinedDateTime',
    agreed: 'combined matching agreed: a range of dates and times is asked for as one',
    declined: 'combined matching not agreed; the gateway asks by date and combines the times itself',
  },
  {
    step: 'fuzzy',
    option: 'fuzzyMatching',
    agreed: 'agreed: fuzzymatching=true is the PACS’s own matching of names',
    declined: 'not agreed: fuzzymatching=true matches literally, with a warning',
  },
  {
    step: 'time zone',
    option: 'timezoneAdjustment',
    agreed: 'agreed: a TimezoneOffsetFromUTC is passed on',
    declined: 'not agreed: a TimezoneOffsetFromUTC is left out, with a warning',
  },
];

/** Whether searches of this PACS will use an option, in words. */
export async function tryOption(
  pacs: Pacs,
  { option, agreed, declined }: Option,
  signal: AbortSignal,
): Promise<Finding> {
  const has = (await pacs.agreed([option], signal)).has(option);
  return { detail: has ? agreed : declined };
}
