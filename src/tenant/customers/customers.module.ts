import { Body, Delete, Get, Module, Param, Patch, Post, Query } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import { type Page } from '../../http/page';
import { IfMatch, Precondition } from '../../http/precondition';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { Adds } from '../../tenancy/quotas';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { Customer } from './customer.entity';
import { CreateCustomerDto, CustomerDto, ListCustomersQuery, UpdateCustomerDto } from './customers.dto';
import { CustomerEmailTaken, CustomerNotFound } from './customers.errors';
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

  @Post()
  @Adds()
  @Route({ summary: 'Adds a customer', status: 201, ok: CustomerDto, errors: [CustomerEmailTaken] })
  create(@Body() customer: CreateCustomerDto): Promise<CustomerDto> {
    return this.customers.create(customer);
  }

  @Get(':id')
  @Route({ summary: 'Shows a customer', ok: CustomerDto, errors: [CustomerNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<CustomerDto> {
    return this.customers.get(id);
  }

  @Patch(':id')
  @Route({
    summary: 'Changes a customer; their orders keep the name and address of then',
    ok: CustomerDto,
    errors: [CustomerNotFound, CustomerEmailTaken],
  })
  update(
    @Param('id', IdPipe) id: string,
    @Body() changes: UpdateCustomerDto,
    @IfMatch() ifMatch: Precondition,
  ): Promise<CustomerDto> {
    return this.customers.update(id, changes, ifMatch);
  }

  @Delete(':id')
  @Route({
    summary: 'Erases a customer, also from their orders, which stay',
    status: 204,
    errors: [CustomerNotFound],
  })
  remove(@Param('id', IdPipe) id: string, @IfMatch() ifMatch: Precondition): Promise<void> {
    return this.customers.remove(id, ifMatch);
  }
}

@Module({ controllers: [CustomersController], providers: [CustomersService] })
export class CustomersModule {
  static readonly entities = [Customer];
}
