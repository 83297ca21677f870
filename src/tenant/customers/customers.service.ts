import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { invalidField } from '../../common/common.errors';
import { newId } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import { type Page } from '../../http/page';
import type { Precondition } from '../../http/precondition';
import { eraseAnswers } from '../../tenancy/keyed-work';
import { assertUnchanged } from '../../http/read-only';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { eraseValues, recordChanges, recordCreated } from '../changes/record-changes';
import { readList } from '../lists/listing';
import { Order } from '../orders/order.entity';
import { Customer } from './customer.entity';
import { customerListOf } from './customer-list';
import {
  type CreateCustomerDto,
  type CustomerDto,
  type ListCustomersQuery,
  toCustomerDto,
  type UpdateCustomerDto,
} from './customers.dto';
import { CustomerEmailTaken, CustomerNotFound } from './customers.errors';

/** The customers of one shop. Orders and imports create them too. */
@Injectable()
export class CustomersService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Newest first unless asked otherwise. */
  list(query: ListCustomersQuery): Promise<Page<CustomerDto>> {
    const listing = customerListOf(query);
    const read = (manager: EntityManager) => readList(manager, listing, query, toCustomerDto);
    return query.count === true ? this.tenant.run(read) : this.tenant.runOne(read);
  }

  create({ name = null, email = null, country = null }: CreateCustomerDto): Promise<CustomerDto> {
    const customer = { ...{ id: newId(), externalNumber: null }, ...{ name, email, country } };
    assertNamed(customer);
    return this.saving(async (manager) => {
      await manager.insert(Customer, customer);
      await recordCreated(manager, Customer, [customer], this.tenant.author);
      return found(await manager.findOneBy(Customer, { id: customer.id }));
    });
  }

  async get(id: string): Promise<CustomerDto> {
    return toCustomerDto(found(await this.tenant.runOne((manager) => manager.findOneBy(Customer, { id }))));
  }

  update(
    id: string,
    { name, email, country, ...same }: UpdateCustomerDto,
    ifMatch: Precondition,
  ): Promise<CustomerDto> {
    return this.saving(async (manager) => {
      const before = found(await lock(manager, id));
      await ifMatch.check(async () => toCustomerDto(before));
      assertUnchanged(toCustomerDto(before), same);
      const changed = {
        name: name === undefined ? before.name : name,
        email: email === undefined ? before.email : email,
        country: country === undefined ? before.country : country,
      };
      assertNamed({ ...before, ...changed });
      await manager.update(Customer, { id }, changed);
      const change = { id, kind: 'changed' as const, before, after: changed };
      await recordChanges(manager, Customer, [change], this.tenant.author);
      return found(await manager.findOneBy(Customer, { id }));
    });
  }

  /**
   * Erases the person: orders lose name, address, link and notes, their events lose notes, and stored answers and the values of
   * recorded changes go. The lock of the customer lets orders that are being placed end first, and the lock of the orders those that are being changed.
   */
  remove(id: string, ifMatch: Precondition): Promise<void> {
    return this.tenant.transaction(async (manager) => {
      const before = found(await lock(manager, id));
      await ifMatch.check(async () => toCustomerDto(before));
      const orderIds = await eraseFromOrders(manager, id);
      await manager.delete(Customer, { id });
      await eraseValues(manager, [id, ...orderIds]);
      const erased = (rowId: string) => ({ id: rowId, kind: 'erased' as const });
      await recordChanges(manager, Customer, [erased(id)], this.tenant.author);
      await recordChanges(manager, Order, orderIds.map(erased), this.tenant.author);
      await eraseAnswers(manager, id);
    });
  }

  /** @throws CustomerEmailTaken */
  private async saving(work: (manager: EntityManager) => Promise<Customer>): Promise<CustomerDto> {
    try {
      return await this.tenant.transaction(async (manager) => toCustomerDto(await work(manager)));
    } catch (error) {
      if (isUniqueViolation(error)) throw new CustomerEmailTaken({ cause: error });
      throw error;
    }
  }
}

/** @returns their ids */
async function eraseFromOrders(manager: EntityManager, customerId: string): Promise<string[]> {
  const orders = await manager.query<{ id: string }[]>(
    'SELECT o.id FROM orders o WHERE o.customer_id = $1 ORDER BY o.id FOR UPDATE',
    [customerId],
  );
  const ids = orders.map(({ id }) => id);
  await manager.query(
    `UPDATE orders SET customer_id = NULL, customer_email = NULL, customer_name = NULL,
       customer_details = '{}', note = NULL, updated_at = now()
     WHERE id = ANY($1)`,
    [ids],
  );
  await manager.query('UPDATE order_events SET note = NULL WHERE order_id = ANY($1) AND note IS NOT NULL', [
    ids,
  ]);
  return ids;
}

function lock(manager: EntityManager, id: string): Promise<Customer | null> {
  return manager.findOne(Customer, { where: { id }, lock: { mode: 'pessimistic_write' } });
}

function found(customer: Customer | null): Customer {
  if (customer === null) throw new CustomerNotFound();
  return customer;
}

/** An imported customer may have a number alone. */
function assertNamed({
  name,
  email,
  externalNumber,
}: Pick<Customer, 'name' | 'email' | 'externalNumber'>): void {
  if (name !== null || email !== null || externalNumber !== null) return;
  throw invalidField('name', 'give an e-mail address or a name');
}
