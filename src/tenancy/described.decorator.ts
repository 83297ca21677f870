import { type EntityTarget, getMetadataArgsStorage, type ObjectLiteral } from 'typeorm';

/**
 * Fate of the values of a column in an anonymised copy. `name` and `email`: those of the invented person in place of the row's.
 * `code`: another code, the same for the same one. `null`, and `empty` for an object or a list: erased. `kept`: they hold
 * nothing about a person. `member`: kept too, the id of the member that the row is about.
 */
export type Fate = 'name' | 'email' | 'code' | 'null' | 'empty' | 'kept' | 'member';

export interface ColumnDescription {
  about: string;
  /** Type as the entity declares it; that of a list ends in `[]`. */
  type: string;
  fate: Fate;
}

export interface TableDescription {
  about: string;
  columns: ReadonlyMap<string, ColumnDescription>;
}

/** Descriptions of the tables of a shop, by name. */
export type TableDescriptions = ReadonlyMap<string, TableDescription>;

type Entity = new () => object;

interface Given {
  about: string;
  fate?: Fate | undefined;
}

const DESCRIPTION = 'described';
/** Types whose values are no words, so that nothing about a person can be written there. Columns of all others need a fate. */
const WORDLESS = ['uuid', 'integer', 'bigint', 'boolean', 'timestamptz'];
/** Columns that TypeORM fills describe themselves. */
const FILLED: Partial<Record<string, Given>> = {
  createDate: { about: 'Time at which the row was stored' },
  updateDate: { about: 'Time of the last change' },
};

/**
 * Describes a table or a column of a shop, on its entity or field, for exports and anonymised copies.
 * @param about meaning, as an export explains it
 * @param fate needed for a column of words: text, JSON and all other types but ids, whole numbers, flags and times
 */
export function Described(about: string, fate?: Fate): (target: object, field?: string) => void {
  const given: Given = { about, fate };
  return (target, field) =>
    field === undefined
      ? Reflect.defineMetadata(DESCRIPTION, given, target)
      : Reflect.defineMetadata(DESCRIPTION, given, target, field);
}

/**
 * Reads the descriptions of entities. An entity without one is left out.
 * @throws Error for a field of a described entity that has none, or lacks the fate that it needs
 */
export function describeTables(entities: readonly EntityTarget<ObjectLiteral>[]): TableDescriptions {
  const tables = new Map<string, TableDescription>();
  for (const { target, name } of getMetadataArgsStorage().filterTables(entities as never[])) {
    const entity = target as Entity;
    const given = Reflect.getMetadata(DESCRIPTION, entity) as Given | undefined;
    if (given !== undefined) tables.set(name!, { about: given.about, columns: columnsOf(entity) }); // all name their table
  }
  return tables;
}

function columnsOf(entity: Entity): Map<string, ColumnDescription> {
  const columns = getMetadataArgsStorage().filterColumns(entity);
  return new Map(
    columns.map(({ propertyName, mode, options }) => {
      const given = Reflect.getMetadata(DESCRIPTION, entity.prototype, propertyName) as Given | undefined;
      const { about, fate } = given ?? FILLED[mode] ?? {};
      const type = `${String(options.type)}${options.array === true ? '[]' : ''}`;
      const field = `${entity.name}.${propertyName}`;
      if (about === undefined) throw new Error(`${field} lacks @Described`);
      if (fate === undefined && !WORDLESS.includes(type))
        throw new Error(`@Described of ${field} lacks its fate in an anonymised copy`);
      return [options.name ?? propertyName, { about, type, fate: fate ?? 'kept' }];
    }),
  );
}
