import { Injectable } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import { isId } from '../../common/ids';
import { type Page, type PageQuery, toPage } from '../../http/page';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { Customer } from './customer.entity';
import { type CustomerDto, toCustomerDto } from './customers.dto';
import { CustomerNotFound } from './customers.errors';

/** The customers of one shop. Only an import creates them. */
@Injectable()
export class CustomersService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Newest first. */
  async list({ limit, cursor }: PageQuery): Promise<Page<CustomerDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const customers = await this.tenant.runOne((manager) => {
      const query = manager
        .createQueryBuilder(Customer, 'c')
        .orderBy('c.id', 'DESC')
        .limit(limit + 1);
      if (cursor !== undefined) query.where('c.id < :cursor', { cursor });
      return query.getMany();
    });
    return toPage(customers, limit, ({ id }) => id, toCustomerDto);
  }

  get(id: string): Promise<CustomerDto> {
    return this.tenant.runOne(async (manager) => {
      const customer = await manager.findOneBy(Customer, { id });
      if (customer === null) throw new CustomerNotFound();
      return toCustomerDto(customer);
    });
  }
}
