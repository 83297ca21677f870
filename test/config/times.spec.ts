import { readFileSync } from 'node:fs';
import path from 'node:path';
import { KEY_CACHE_MS } from '../../src/public/auth/key-ring';
import { ACCESS_CACHE_MS } from '../../src/tenancy/served-versions';

const page = readFileSync(path.join(__dirname, '..', '..', 'docs', 'security.md'), 'utf8');

describe('the caches of the program', () => {
  it('last as long as docs/security.md says', () => {
    const [, seconds] = /a grant is cached for (\d+) s at most/.exec(page) ?? [];
    expect([ACCESS_CACHE_MS, KEY_CACHE_MS]).toEqual([Number(seconds) * 1000, Number(seconds) * 1000]);
  });
});
