import { type LintTables, SUPPLIERS } from './lint-case';

export const transactionControl = {
  'transaction-control': {
    analyze: { up: `ANALYZE products` },
    begin: { up: `BEGIN` },
    call: { up: `CALL cleanup()` },
    copy: { up: `COPY products FROM STDIN` },
    do: { up: `DO $$ BEGIN RAISE NOTICE 'hello'; END $$` },
    down: { up: SUPPLIERS, down: [`COMMIT`, `DROP TABLE suppliers`] },
    lock: { up: `LOCK TABLE products IN EXCLUSIVE MODE` },
    prepare: { up: `PREPARE one AS SELECT 1` },
    reset: { up: `RESET statement_timeout` },
    savepoint: { up: `SAVEPOINT before` },
    set: { up: `SET lock_timeout = '10s'` },
    'set-config': {
      up: [
        `ALTER TABLE products ADD COLUMN supplier_id uuid`,
        `INSERT INTO counters (name, value) VALUES (set_config('search_path', 'pg_catalog', true), 0)`,
      ],
      down: `ALTER TABLE products DROP COLUMN supplier_id`,
    },
    'set-local-role': { up: `SET LOCAL ROLE none` },
    vacuum: { up: `VACUUM products` },
  },
} satisfies LintTables;
