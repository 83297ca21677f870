import { Get, Module, Param, Query } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import type { Page } from '../../http/page';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { Customer } from './customer.entity';
import { CustomerDto, ListCustomersQuery } from './customers.dto';
import { CustomerNotFound } from './customers.errors';
import { CustomersService } from './customers.service';

@TenantController('customers')
class CustomersController {
  constructor(private readonly customers: CustomersService) {}

  @Get()
  @Route({
    summary: 'Lists customers, newest first',
    ok: CustomerDto,
    list: 'counted',
    errors: [InvalidCursor],
  })
  list(@Query() query: ListCustomersQuery): Promise<Page<CustomerDto>> {
    return this.customers.list(query);
  }

  @Get(':id')
  @Route({ summary: 'Shows a customer', ok: CustomerDto, errors: [CustomerNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<CustomerDto> {
    return this.customers.get(id);
  }
}

@Module({ controllers: [CustomersController], providers: [CustomersService] })
export class CustomersModule {
  static readonly entities = [Customer];
}
