import { parseCronItem } from 'graphile-worker';
import { longestInterval } from './cron';

const HOUR = 3_600_000;

describe('longestInterval', () => {
  it.each([
    ['30 2 * * *', 24 * HOUR],
    ['0 * * * *', HOUR],
    ['*/15 * * * *', HOUR / 4],
    ['0 2,14 * * *', 12 * HOUR],
    ['0 0-6,22 * * *', 16 * HOUR],
    ['30 2 * * 1-5', 72 * HOUR],
    ['30 2 * * 0', 7 * 24 * HOUR],
    ['30 2 * * 7', 7 * 24 * HOUR],
    ['0 3 1 * *', 31 * 24 * HOUR],
    ['0 3 1,15 * 1', 7 * 24 * HOUR],
    ['0 0 29 2 *', 1461 * 24 * HOUR],
  ])('of %s is that of its ticks', (text, expected) => {
    expect(longestInterval(text)).toBe(expected);
    expect(() => parseCronItem({ task: 'a', match: text })).not.toThrow();
  });

  it.each([
    '0 0 30 2 *',
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '5-1 * * * *',
    '*/0 * * * *',
    'a * * * *',
    '1-5/2 * * * *',
  ])('of "%s" does not exist', (text) => {
    expect(longestInterval(text)).toBeNull();
  });
});
