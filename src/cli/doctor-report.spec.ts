import { CHECKS, type CheckName, remedyOf } from '../operations/drift/checks';
import type { Finding } from '../operations/drift/findings';
import { doctorReport } from './doctor-report';

const finding = (check: CheckName, shop: string | null, object: string, detail: string): Finding => ({
  ...{ check, severity: CHECKS[check].severity, shop, object, detail },
  remedy: remedyOf(check, shop),
});
const report = (findings: Finding[]) => [...doctorReport({ tenants: 20, schemas: 20, findings, notes: [] })];
const hex = (i: number) => i.toString(16).padStart(32, '0');
const id = (i: number) => hex(i).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

describe('doctorReport', () => {
  it('has three lines for one finding, with a command for that shop', () => {
    expect(report([finding('version-behind', 'tea-house', 'schema_migrations', 'lacks 7')])).toEqual([
      'error    version-behind  tea-house  schema_migrations',
      '         lacks 7',
      '         -> npm run migrate:tenants -- --only tea-house',
      '20 tenant(s), 20 schema(s): 1 error(s), 0 warning(s)',
    ]);
  });

  it('has one line for many shops behind, with their number and one command for all', () => {
    const behind = Array.from({ length: 18 }, (_, i) =>
      finding('version-behind', `shop-${i}`, 'schema_migrations', 'lacks 7'),
    );
    expect(report(behind)).toEqual([
      'error    version-behind  18 shops (shop-0, shop-1, shop-2 and 15 more: npm run doctor -- --json)  ' +
        'schema_migrations: lacks 7 -> npm run migrate:tenants',
      '20 tenant(s), 20 schema(s): 18 error(s), 0 warning(s)',
    ]);
  });

  it('takes faults for the same that differ only by the ids of shops and rows', () => {
    const gone = Array.from({ length: 4 }, (_, i) =>
      finding('member-missing', `shop-${i}`, `members ${id(i)}`, `in shop_${hex(i)}`),
    );
    expect(report(gone)[0]).toContain('4 shops (shop-0, shop-1, shop-2 and 1 more');
    expect(report(gone)[0]).toContain('members …: in shop_… -> ');
    expect(report(gone)).toHaveLength(2);
  });

  it('has one line for many objects of one shop, or of the installation', () => {
    const roles = [1, 2, 3, 4].map((i) => finding('leftover-role', null, `shop_${hex(i)}`, 'not needed'));
    expect(report(roles)[0]).toContain(
      `warning  leftover-role  installation  4 objects (shop_${hex(1)}, shop_${hex(2)}, shop_${hex(3)} and 1 more`,
    );
  });

  it('ends the list of a check that has found many causes, and says how to see all', () => {
    const different = Array.from({ length: 30 }, (_, i) =>
      finding('migration-failed', `shop-${i}`, 'public.tenants', `the value ${i} is there twice`),
    );
    const lines = report([...different, finding('hardening', null, 'rule', 'PUBLIC may')]);
    expect(lines).toHaveLength(5 * 3 + 1 + 3 + 1);
    expect(lines).toContain(
      '         … and 25 more of migration-failed; all of them: npm run doctor -- --json',
    );
    expect(lines.join('\n')).toContain('hardening');
  });
});

describe('remedyOf', () => {
  const checks = Object.keys(CHECKS) as CheckName[];

  it('leaves no placeholder, and no --only where there is no shop', () => {
    for (const check of checks) {
      expect(remedyOf(check, null)).not.toMatch(/<|--only/);
      expect(remedyOf(check, 'tea-house')).not.toContain('<');
    }
  });

  it('begins with taking away only to close a leak', () => {
    const taking = checks.filter((check) => /^(?:drop|revoke|delete)\b/i.test(CHECKS[check].remedy));
    expect(taking.filter((check) => CHECKS[check].aim !== 'close')).toEqual(['stocked-role-missing']);
  });
});
