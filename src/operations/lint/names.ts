import type { Node, ObjectType } from 'libpg-query';
import type { Violation } from './lint-finding';
import { bodiesOf, bodyOf, everyNode, lastNameOf, namesOf } from '../syntax-tree';

/** Fields that hold a qualified name, the schema first. */
const NAME_FIELDS = [
  'funcname',
  'names',
  'collname',
  'opclass',
  'opclassname',
  'objname',
  'typeName',
  'name',
];

/** Types whose values name objects. */
const REG_TYPE = /^reg[a-z]+$/;

/** Reports schema names. pg_catalog is allowed: the parser itself qualifies built-in types with it. */
export function* checkNames(statement: Node): Generator<Violation> {
  for (const schema of new Set(schemasIn(statement))) {
    if (schema === 'pg_catalog') continue;
    if (schema === 'public') yield { rule: 'public-reference', detail: 'names the schema public' };
    else yield { rule: 'schema-qualified', detail: `names the schema ${schema}` };
  }
}

function* schemasIn(statement: Node): Generator<string> {
  for (const node of everyNode(statement)) {
    for (const field of ['schemaname', 'newschema']) if (typeof node[field] === 'string') yield node[field];
    for (const field of NAME_FIELDS) yield* qualifierOf(node[field], 1);
  }
  for (const { fields } of bodiesOf('ColumnRef', statement)) yield* qualifierOf(fields, 2);
  yield* schemasInStrings(statement);
  yield* schemasOfObjects(statement);
}

/** @param parts number of parts of the name without its schema */
function* qualifierOf(names: unknown, parts: number): Generator<string> {
  if (!Array.isArray(names)) return;
  const strings = namesOf(names as Node[]);
  if (strings.length > parts) yield strings.at(-parts - 1)!; // longer than parts
}

/** `'public.users'::regclass`, `to_regclass('public.users')` */
function* schemasInStrings(statement: Node): Generator<string> {
  const casts = [...bodiesOf('TypeCast', statement)].filter(({ typeName }) =>
    REG_TYPE.test(lastNameOf(typeName?.names)),
  );
  const calls = [...bodiesOf('FuncCall', statement)].filter(({ funcname }) =>
    /^to_reg/.test(lastNameOf(funcname)),
  );
  for (const node of [...casts.map(({ arg }) => arg), ...calls.map(({ args }) => args?.[0])]) {
    const text = bodyOf('A_Const', node)?.sval?.sval ?? '';
    if (text.includes('.')) yield text.split('.', 1)[0]!; // split gives at least one
  }
}

/** DROP and COMMENT name objects by lists; statements about schemas name them in fields of their own. */
function* schemasOfObjects(statement: Node): Generator<string> {
  const drop = bodyOf('DropStmt', statement);
  const comment = bodyOf('CommentStmt', statement);
  for (const object of drop?.objects ?? [])
    yield* qualifierOf(bodyOf('List', object)?.items, partsOf(drop?.removeType));
  yield* qualifierOf(bodyOf('List', comment?.object)?.items, partsOf(comment?.objtype));
  if (drop?.removeType === 'OBJECT_SCHEMA') yield* namesOf(drop.objects);
  const rename = bodyOf('RenameStmt', statement);
  if (rename?.renameType === 'OBJECT_SCHEMA') yield rename.subname ?? '';
  const create = bodyOf('CreateSchemaStmt', statement);
  if (create !== undefined) yield create.schemaname ?? 'of a role';
}

const NAMED_BY_TABLE: ReadonlySet<ObjectType | undefined> = new Set<ObjectType>([
  'OBJECT_COLUMN',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_TRIGGER',
  'OBJECT_RULE',
  'OBJECT_POLICY',
]);

function partsOf(type: ObjectType | undefined): number {
  return NAMED_BY_TABLE.has(type) ? 2 : 1;
}
