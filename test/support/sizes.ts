import type { Times } from '../../src/config/times';

const isFull = process.env['TEST_SIZE'] === 'full';

/**
 * A figure of a test: small with `npm test`, large with `npm run test:full`. The variable of that name overrides both.
 * @throws Error when it is no whole number
 */
export function size(name: string, small: number, large: number): number {
  const given = process.env[name];
  if (given === undefined || given === '') return isFull ? large : small;
  if (!/^\d+$/.test(given)) throw new Error(`${name} must be a whole number`);
  return Number(given);
}

/** How long access and signing keys are cached; 5 s is the default of the program. Milliseconds. */
export const CACHE_MS = isFull ? 5000 : 1000;

/** For tests that wait until a cached answer expires. */
export const CACHE_TIMES: Times = { accessCacheMs: CACHE_MS, keyCacheMs: CACHE_MS };

/** How long a run waits for older programs before a contract step; 7 s is the default. Milliseconds. */
export const DRAIN_MS = isFull ? 7000 : 1000;
