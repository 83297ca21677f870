import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { programWith, runCli, scratchFolder } from '../support/program';

/** Nothing listens there: a command that opens a database fails. */
const NOWHERE = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' };

describe('migration:lint', () => {
  it('finds nothing in the migrations of the product, without a database', async () => {
    const { code, stdout } = await runCli(['migration:lint'], { env: NOWHERE });
    expect(stdout).toMatch(/^\d+ migration\(s\): nothing found\n$/);
    expect(code).toBe(0);
  });

  it('names file, rule and detail, and exits with 1', async () => {
    const next = programWith({ name: '1900000000000-drop-counters', up: 'DROP TABLE counters', down: '' });
    try {
      const { code, stdout } = await runCli(['migration:lint'], { env: NOWHERE, program: next.program });
      expect(stdout).toContain(
        'migrations/tenant/1900000000000-drop-counters.ts: drop-or-rename: DROP TABLE counters\n',
      );
      expect(stdout).toMatch(/\n\d+ migration\(s\): \d+ finding\(s\)\n$/);
      expect(code).toBe(1);
    } finally {
      next.remove();
    }
  });

  it('reads another folder if one is given', async () => {
    const folder = path.join(scratchFolder(), 'tenant');
    mkdirSync(folder);
    writeFileSync(
      path.join(folder, '1900000000000-create-tickets.js'),
      `exports.Tickets = class {
        async up(q) { await q.query('CREATE TABLE tickets (id serial CONSTRAINT tickets_pkey PRIMARY KEY)') }
        async down(q) { await q.query('DROP TABLE tickets') } };`,
    );
    const { code, stdout } = await runCli(['migration:lint', folder], { env: NOWHERE });
    expect(stdout).toContain(`${path.join(folder, '1900000000000-create-tickets.ts')}: serial: tickets.id`);
    expect(code).toBe(1);
  });
});
