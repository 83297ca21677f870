import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Page } from '../../http/page';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { readList } from '../lists/listing';
import { Customer } from './customer.entity';
import { customerListOf } from './customer-list';
import { type CustomerDto, type ListCustomersQuery, toCustomerDto } from './customers.dto';
import { CustomerNotFound } from './customers.errors';

/** The customers of one shop. Only an import creates them. */
@Injectable()
export class CustomersService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Newest first unless asked otherwise. */
  list(query: ListCustomersQuery): Promise<Page<CustomerDto>> {
    const listing = customerListOf(query);
    const read = (manager: EntityManager) => readList(manager, listing, query, toCustomerDto);
    return query.count === true ? this.tenant.run(read) : this.tenant.runOne(read);
  }

  get(id: string): Promise<CustomerDto> {
    return this.tenant.runOne(async (manager) => {
      const customer = await manager.findOneBy(Customer, { id });
      if (customer === null) throw new CustomerNotFound();
      return toCustomerDto(customer);
    });
  }
}
