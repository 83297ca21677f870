import type { Node } from 'libpg-query';
import type { LintContext, Violation } from './lint-finding';
import { isSerial } from './sequences';
import { alterationsOf, constraintsOf, defaultOf, functionsIn, newColumnsOf } from '../syntax-tree';

/** Functions that return one value per statement: PostgreSQL stores it once instead of writing every row. */
const STABLE: ReadonlySet<string> = new Set(
  `now transaction_timestamp statement_timestamp timezone date_trunc date_part extract
   make_date make_interval make_timestamptz to_timestamp to_date to_char
   lower upper concat md5 sha256 encode decode
   jsonb_build_object jsonb_build_array json_build_object json_build_array to_jsonb to_json`.split(/\s+/),
);

/** Changes to columns of tables that may be in use. */
export function* checkColumns(statement: Node, context: LintContext): Generator<Violation> {
  const { migration, schema } = context;
  yield* checkNewColumns(statement, context);
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

function* checkNewColumns(statement: Node, { migration, schema }: LintContext): Generator<Violation> {
  if ('CreateStmt' in statement) return;
  for (const { table, name, column } of newColumnsOf(statement)) {
    if (!schema.isExisting(table, migration.version)) continue;
    const constraints = constraintsOf(column);
    const has = (type: string) => constraints.some(({ contype }) => contype === type);
    const expression = defaultOf(column);
    const volatile = functionsIn(expression).find((called) => !STABLE.has(called));
    if (volatile !== undefined)
      yield { rule: 'volatile-default', detail: `${table}.${name} has the default ${volatile}()` };
    if (constraints.some(({ generated_kind: kind }) => kind === 's'))
      yield { rule: 'volatile-default', detail: `${table}.${name} is GENERATED … STORED` };
    const fillsItself =
      expression !== undefined || has('CONSTR_GENERATED') || has('CONSTR_IDENTITY') || isSerial(column);
    if (has('CONSTR_NOTNULL') && !fillsItself)
      yield { rule: 'not-null-without-default', detail: `${table}.${name}` };
  }
}
