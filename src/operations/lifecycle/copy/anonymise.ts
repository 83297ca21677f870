import { OperatorError } from '../../../common/report';
import type { Fate, TableDescriptions } from '../../../tenancy/described.decorator';
import { type CopyValue, formatRows, readRows } from './copy-rows';
import { InventedPeople, type Person } from './invented-people';
import type { TableData, TableShape, TenantData } from './tenant-data';
import { STORED_ANSWERS } from './without';

/**
 * The same data with invented people. Of the members the owners remain, because somebody must be able to enter; the rows of
 * the others, whom orders refer to, get invented names.
 * @param described descriptions of the tables, which have the fate of each column
 * @param secret secret of the installation, which links a person to the invented one
 * @throws OperatorError for a table or column without a description, instead of copying people by mistake
 */
export async function anonymised(
  data: TenantData,
  described: TableDescriptions,
  secret: string,
): Promise<TenantData> {
  const fates = new Map(data.header.tables.map((table) => [table.name, fatesOf(table, described)]));
  const people = await InventedPeople.open(secret);
  const { members, shop } = data.header;
  const emails = new Map(members.map(({ id, email }) => [id, email]));
  return {
    header: {
      ...data.header,
      shop: { ...shop, settings: { ...shop.settings, address: null } },
      members: members.filter(({ role }) => role === 'owner'),
    },
    tables: changed(data.tables, fates, people, emails),
  };
}

/** Fates of the columns of a table, in their order. */
function fatesOf({ name, columns }: TableShape, described: TableDescriptions): Fate[] {
  if (name === STORED_ANSWERS) return []; // it is empty in a copy
  return columns.map((column) => {
    const description = described.get(name)?.columns.get(column);
    if (description !== undefined) return description.fate;
    throw new OperatorError(
      `The shop cannot be anonymised: no entity of this program describes ${name}.${column}. ` +
        'Migrate the shop with the newest program first.',
    );
  });
}

async function* changed(
  tables: AsyncIterable<TableData>,
  fates: ReadonlyMap<string, readonly Fate[]>,
  people: InventedPeople,
  emails: ReadonlyMap<string, string>,
): AsyncGenerator<TableData> {
  for await (const table of tables) {
    const own = fates.get(table.name)!; // as the header has it
    const isPersonal = own.some((fate) => fate !== 'kept');
    yield isPersonal ? { ...table, rows: changedRows(table, own, people, emails) } : table;
  }
}

async function* changedRows(
  { rows }: TableData,
  fates: readonly Fate[],
  people: InventedPeople,
  emails: ReadonlyMap<string, string>,
): AsyncGenerator<Buffer> {
  const [name, email, member] = [fates.indexOf('name'), fates.indexOf('email'), fates.indexOf('member')];
  for await (const block of readRows(rows)) {
    for (const row of block) {
      const known = row[email] ?? emails.get(row[member] ?? '') ?? null;
      const invented = people.inPlaceOf(known, row[name] ?? null);
      fates.forEach((fate, i) => (row[i] = fated(row[i]!, fate, invented, people))); // one each
    }
    yield Buffer.from(formatRows(block));
  }
}

function fated(value: CopyValue, fate: Fate, person: Person, people: InventedPeople): CopyValue {
  if (fate === 'kept' || fate === 'member') return value;
  if (value === null || fate === 'null') return null;
  if (fate === 'empty') return '{}'; // of objects and of PostgreSQL's arrays
  return fate === 'code' ? people.code(value) : person[fate];
}
