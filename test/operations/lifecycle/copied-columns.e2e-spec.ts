import { AppModule } from '../../../src/app/app.module';
import { DERIVED_TABLES } from '../../../src/operations/lifecycle/copy/tenant-tables';
import { STORED_ANSWERS } from '../../../src/operations/lifecycle/copy/without';
import { columnOf } from '../../../src/operations/lifecycle/export/export-values';
import { newOwner } from '../../support/factories';
import { useTestApp } from '../../support/test-app';

interface Column {
  table: string;
  column: string;
  type: string;
  nullable: boolean;
}

/** Each type that a column may have, as PostgreSQL names it: the type that its entity declares, and that of its values in an export. */
const TYPES: Record<string, [declared: string, exported: string]> = {
  text: ['text', 'text'],
  uuid: ['uuid', 'id'],
  int4: ['integer', 'number'],
  int8: ['bigint', 'number'],
  bool: ['boolean', 'flag'],
  timestamptz: ['timestamptz', 'time'],
  jsonb: ['jsonb', 'json'],
  _text: ['text[]', 'texts'],
};

describe('columns of a shop', () => {
  const app = useTestApp();
  const described = AppModule.describedTables;
  let columns: Column[];

  beforeAll(async () => {
    const { shop } = await newOwner(app.api);
    columns = await app.database.query<Column>(
      `SELECT table_name AS "table", column_name AS "column", udt_name AS type, is_nullable = 'YES' AS nullable
       FROM information_schema.columns WHERE table_schema = $1 AND table_name <> ALL ($2) ORDER BY 1, 2`,
      [`shop_${shop.id.replaceAll('-', '')}`, ['schema_migrations', STORED_ANSWERS, ...DERIVED_TABLES]],
    );
    if (columns.length < 80) throw new Error('the shop has no tables');
  });

  it('are described by their entities, with a type that exports know', () => {
    const wrong = columns.filter(({ table, column, type }) => {
      const own = described.get(table);
      const types = [own?.columns.get(column)?.type, columnOf(own, column).type];
      return JSON.stringify(types) !== JSON.stringify(TYPES[type]);
    });
    expect(wrong).toEqual([]);
  });

  it('are described only if they exist', () => {
    const names = new Set(columns.map(({ table, column }) => `${table}.${column}`));
    const said = [...described].flatMap(([table, own]) =>
      [...own.columns.keys()].map((column) => `${table}.${column}`),
    );
    expect(said.filter((name) => !names.has(name))).toEqual([]);
  });

  it('can have what becomes of them in an anonymised copy', () => {
    const wrong = columns.filter(({ table, column, type, nullable }) => {
      const fate = described.get(table)?.columns.get(column)?.fate;
      if (fate === 'null') return !nullable;
      if (fate === 'empty') return !['jsonb', '_text'].includes(type);
      if (fate === 'member') return type !== 'uuid';
      return fate !== 'kept' && type !== 'text';
    });
    expect(wrong).toEqual([]);
  });
});
