import { OperatorError } from '../../../common/report';
import { type CopyValue, formatRows, readRows } from './copy-rows';
import { InventedPeople, type Person } from './invented-people';
import { type Fate, IMPERSONAL, PERSONAL, type PersonalTable } from './personal-columns';
import type { TableData, TenantData } from './tenant-data';
import { STORED_ANSWERS } from './without';

/**
 * The same data with invented people. Of the members the owners remain, because somebody must be able to enter; the rows of
 * the others, whom orders refer to, get invented names.
 * @param secret secret of the installation, which links a person to the invented one
 * @throws OperatorError for a table that nobody has reviewed, instead of copying people by mistake
 */
export async function anonymised(data: TenantData, secret: string): Promise<TenantData> {
  for (const { name } of data.header.tables)
    if (!(name in PERSONAL) && !(name in IMPERSONAL) && name !== STORED_ANSWERS)
      throw new OperatorError(
        `${name} cannot be anonymised: src/operations/lifecycle/copy/personal-columns.ts lacks it.`,
      );
  const people = await InventedPeople.open(secret);
  const { members, shop } = data.header;
  const emails = new Map(members.map(({ id, email }) => [id, email]));
  return {
    header: {
      ...data.header,
      shop: { ...shop, settings: { ...shop.settings, address: null } },
      members: members.filter(({ role }) => role === 'owner'),
    },
    tables: changed(data.tables, people, emails),
  };
}

async function* changed(
  tables: AsyncIterable<TableData>,
  people: InventedPeople,
  emails: ReadonlyMap<string, string>,
): AsyncGenerator<TableData> {
  for await (const table of tables) {
    const personal = PERSONAL[table.name];
    yield personal === undefined ? table : { ...table, rows: changedRows(table, personal, people, emails) };
  }
}

async function* changedRows(
  { columns, rows }: TableData,
  { person, columns: fates }: PersonalTable,
  people: InventedPeople,
  emails: ReadonlyMap<string, string>,
): AsyncGenerator<Buffer> {
  const at = (column: string | undefined) => (column === undefined ? -1 : columns.indexOf(column));
  const [name, email, memberId] = [at(person?.name), at(person?.email), at(person?.memberId)];
  const changes = Object.entries(fates).map(([column, fate]) => ({ index: at(column), fate }));
  const present = changes.filter(({ index }) => index !== -1); // an older schema may lack some
  for await (const block of readRows(rows)) {
    for (const row of block) {
      const known = row[email] ?? emails.get(row[memberId] ?? '') ?? null;
      const invented = people.inPlaceOf(known, row[name] ?? null);
      for (const { index, fate } of present) row[index] = fated(row[index]!, fate, invented, people); // present
    }
    yield Buffer.from(formatRows(block));
  }
}

function fated(value: CopyValue, fate: Fate, person: Person, people: InventedPeople): CopyValue {
  if (value === null || fate === 'null') return null;
  if (fate === 'empty') return '{}'; // of objects and of PostgreSQL's arrays
  return fate === 'code' ? people.code(value) : person[fate];
}
