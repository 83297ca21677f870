import type { Node, ObjectType } from 'libpg-query';
import type { Breach } from './lint-finding';
import { bodyOf, everyBody, everyPart, namesOf } from './syntax-tree';

/** Fields that hold a name in parts, the schema first. */
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

/** A type whose values are names of things. */
const REG_TYPE = /^reg[a-z]+$/;

/** Schemas in a statement. pg_catalog is free: the parser itself writes it before the names of built-in types. */
export function* checkNames(statement: Node): Generator<Breach> {
  for (const schema of new Set(schemasIn(statement))) {
    if (schema === 'pg_catalog') continue;
    if (schema === 'public') yield { rule: 'public-reference', detail: 'names the schema public' };
    else yield { rule: 'schema-qualified', detail: `names the schema ${schema}` };
  }
}

function* schemasIn(statement: Node): Generator<string> {
  for (const part of everyPart(statement)) {
    for (const field of ['schemaname', 'newschema']) if (typeof part[field] === 'string') yield part[field];
    for (const field of NAME_FIELDS) yield* qualifierOf(part[field], 1);
  }
  for (const { fields } of everyBody('ColumnRef', statement)) yield* qualifierOf(fields, 2);
  yield* schemasInTexts(statement);
  yield* schemasOfObjects(statement);
}

/** @param parts that the name has without a schema */
function* qualifierOf(names: unknown, parts: number): Generator<string> {
  if (!Array.isArray(names)) return;
  const texts = namesOf(names as Node[]);
  if (texts.length > parts) yield texts.at(-parts - 1)!; // longer than parts
}

/** `'public.users'::regclass`, `to_regclass('public.users')` */
function* schemasInTexts(statement: Node): Generator<string> {
  const casts = [...everyBody('TypeCast', statement)].filter(({ typeName }) =>
    REG_TYPE.test(namesOf(typeName?.names).at(-1) ?? ''),
  );
  const calls = [...everyBody('FuncCall', statement)].filter(({ funcname }) =>
    /^to_reg/.test(namesOf(funcname).at(-1) ?? ''),
  );
  for (const node of [...casts.map(({ arg }) => arg), ...calls.map(({ args }) => args?.[0])]) {
    const text = bodyOf('A_Const', node)?.sval?.sval ?? '';
    if (text.includes('.')) yield text.split('.', 1)[0]!; // split gives at least one
  }
}

/** DROP and COMMENT name things by lists; statements about schemas name nothing else. */
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
