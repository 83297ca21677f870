import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FEATURE_NAMES } from '../src/tenancy/features';
import { boundsOf, LIMIT_NAMES } from '../src/tenancy/plan';

const page = readFileSync(path.join(__dirname, '..', 'docs', 'plans.md'), 'utf8');
const below = (heading: string) => page.split(/^## /m).find((text) => text.startsWith(heading))!;

describe('docs/plans.md', () => {
  it('has a row for each limit, with its bounds', () => {
    const rows = [...below('Limits').matchAll(/^\| `(\w+)` +\| ([\d,]+) – ([\d,]+) /gm)];
    const whole = (text: string) => Number(text.replaceAll(',', ''));
    expect(rows.map(([, name, min, max]) => ({ name, min: whole(min!), max: whole(max!) }))).toEqual(
      LIMIT_NAMES.map((name) => ({ name, ...boundsOf(name) })),
    );
  });

  it('has a row for each feature', () => {
    const rows = [...below('Features').matchAll(/^\| `(\w+)` +\|/gm)];
    expect(rows.map(([, name]) => name)).toEqual(FEATURE_NAMES);
  });
});
