import { IMPERSONAL, PERSONAL } from '../../../src/operations/lifecycle/copy/personal-columns';
import { DERIVED_TABLES } from '../../../src/operations/lifecycle/copy/tenant-tables';
import { STORED_ANSWERS } from '../../../src/operations/lifecycle/copy/without';
import {
  EXPORTED,
  NOT_EXPORTED,
  type ValueType,
} from '../../../src/operations/lifecycle/export/export-columns';
import { newOwner } from '../../support/factories';
import { useTestApp } from '../../support/test-app';

interface Column {
  table: string;
  column: string;
  type: string;
}

/** Types of PostgreSQL whose values are no words, so that nothing personal can be written there. */
const WORDLESS = ['uuid', 'int4', 'int8', 'bool', 'timestamptz'];

const TYPES: Record<string, ValueType> = {
  ...{ text: 'text', uuid: 'id', int4: 'number', int8: 'number', bool: 'flag' },
  ...{ timestamptz: 'time', jsonb: 'json', _text: 'texts' },
};

describe('columns of a shop', () => {
  const app = useTestApp();
  let columns: Column[];

  beforeAll(async () => {
    const { shop } = await newOwner(app.api);
    columns = await app.database.query<Column>(
      `SELECT table_name AS "table", column_name AS "column", udt_name AS type FROM information_schema.columns
       WHERE table_schema = $1 AND table_name <> ALL ($2) ORDER BY 1, 2`,
      [`shop_${shop.id.replaceAll('-', '')}`, ['schema_migrations', ...DERIVED_TABLES]],
    );
    if (columns.length < 80) throw new Error('the shop has no tables');
  });

  it('that hold words are in the list of personal columns or in that of the others', () => {
    const unreviewed = columns.filter(
      ({ table, column, type }) =>
        table !== STORED_ANSWERS &&
        !WORDLESS.includes(type) &&
        !(column in (PERSONAL[table]?.columns ?? {})) &&
        !IMPERSONAL[table]?.includes(column),
    );
    expect(unreviewed).toEqual([]);
  });

  it('are in one of the two lists only', () => {
    const both = Object.entries(IMPERSONAL).flatMap(([table, names]) =>
      names.filter((name) => name in (PERSONAL[table]?.columns ?? {})),
    );
    expect(both).toEqual([]);
  });

  it('are explained in exports, with their types', () => {
    const unexplained = columns.filter(
      ({ table, column, type }) =>
        !NOT_EXPORTED.includes(table) && EXPORTED[table]?.columns[column]?.[0] !== TYPES[type],
    );
    expect(unexplained).toEqual([]);
  });

  it('are explained only if they exist', () => {
    const names = new Set(columns.map(({ table, column }) => `${table}.${column}`));
    const strange = Object.entries(EXPORTED).flatMap(([table, { columns: own }]) =>
      Object.keys(own).map((column) => `${table}.${column}`),
    );
    expect(strange.filter((name) => !names.has(name))).toEqual([]);
  });
});
