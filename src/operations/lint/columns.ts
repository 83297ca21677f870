import type { Node } from 'libpg-query';
import type { Breach, Place } from './lint-finding';
import { isSerial } from './sequences';
import { alterationsOf, constraintsOf, defaultOf, everyBody, namesOf, newColumnsOf } from './syntax-tree';

/** Functions that give one value for a statement: PostgreSQL stores it once instead of writing every row. */
const STEADY: ReadonlySet<string> = new Set([
  ...[
    'now',
    'transaction_timestamp',
    'statement_timestamp',
    'timezone',
    'date_trunc',
    'date_part',
    'extract',
  ],
  ...['make_date', 'make_interval', 'make_timestamptz', 'to_timestamp', 'to_date', 'to_char'],
  ...['lower', 'upper', 'concat', 'md5', 'sha256', 'encode', 'decode'],
  ...[
    'jsonb_build_object',
    'jsonb_build_array',
    'json_build_object',
    'json_build_array',
    'to_jsonb',
    'to_json',
  ],
]);

/** Changes of columns of tables that others may be using. */
export function* checkColumns(statement: Node, { migration, schema }: Place): Generator<Breach> {
  yield* newOnes(statement, { migration, schema });
  for (const { table, command } of alterationsOf(statement)) {
    if (!schema.isExisting(table, migration.version)) continue;
    const column = command.name ?? '';
    if (command.subtype === 'AT_SetNotNull' && !schema.provesNotNull(table, column))
      yield {
        rule: 'set-not-null-unchecked',
        detail: `no validated CHECK (${column} IS NOT NULL) on ${table}`,
      };
    if (command.subtype === 'AT_AlterColumnType' && migration.marks.contract === undefined)
      yield { rule: 'column-type-change', detail: `${table}.${column}` };
  }
}

function* newOnes(statement: Node, { migration, schema }: Place): Generator<Breach> {
  for (const { table, name, column } of newColumnsOf(statement)) {
    if (!schema.isExisting(table, migration.version) || isCreating(statement)) continue;
    const constraints = constraintsOf(column);
    const has = (type: string) => constraints.some(({ contype }) => contype === type);
    const expression = defaultOf(column);
    const doubtful = doubtfulFunctionIn(expression);
    if (doubtful !== undefined)
      yield { rule: 'volatile-default', detail: `${table}.${name} has the default ${doubtful}()` };
    if (constraints.some(({ generated_kind: kind }) => kind === 's'))
      yield { rule: 'volatile-default', detail: `${table}.${name} is GENERATED … STORED` };
    const fillsItself =
      expression !== undefined || has('CONSTR_GENERATED') || has('CONSTR_IDENTITY') || isSerial(column);
    if (has('CONSTR_NOTNULL') && !fillsItself)
      yield { rule: 'not-null-without-default', detail: `${table}.${name}` };
  }
}

function isCreating(statement: Node): boolean {
  return 'CreateStmt' in statement;
}

function doubtfulFunctionIn(expression: Node | undefined): string | undefined {
  const calls = [...everyBody('FuncCall', expression)].map(({ funcname }) => namesOf(funcname).at(-1) ?? '');
  return calls.find((name) => !STEADY.has(name));
}
