import { Conditions } from '../lists/conditions';
import { type Listing, listingOf } from '../lists/listing';
import { Sorting, type SortKey } from '../lists/sorting';
import type { Customer } from './customer.entity';
import type { CustomerSort, ListCustomersQuery } from './customers.dto';

const COLUMNS = `
  SELECT c.id, c.external_number AS "externalNumber", c.name, c.email, c.country, c.created_at AS "createdAt",
    c.updated_at AS "updatedAt"`;

const FROM = { columns: COLUMNS, table: 'customers', alias: 'c' };

const CREATED: SortKey[] = [{ sql: 'c.id', type: 'uuid' }]; // ids sort by time of creation

/** An index serves each. */
const CUSTOMER_SORTS: Record<CustomerSort, Sorting> = {
  '-createdAt': new Sorting('-createdAt', CREATED, { isDefault: true }),
  createdAt: new Sorting('createdAt', CREATED),
};

/** Customers as a query asks for them. @throws InvalidCursor */
export function customerListOf(query: ListCustomersQuery): Listing<Customer> {
  const filters = new Conditions()
    .add(query.email, (email) => `lower(c.email) = ${email}`)
    .addPeriod('c.created_at', query.createdFrom, query.createdTo);
  return listingOf(FROM, filters, CUSTOMER_SORTS[query.sort ?? '-createdAt'], query);
}
