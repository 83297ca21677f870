import { Email, Id, Moment, NeedsAnyOf, OneOf, Text, Time } from '../../http/fields';
import { CountedPageQuery } from '../../http/page';
import { UNCHANGED } from '../../http/read-only';
import type { Customer } from './customer.entity';

const NAME = { max: 255, example: 'Grace Hopper' };
const EXTERNAL_NUMBER = {
  ...{ max: 64, nullable: true, example: '13085' },
  description: 'Number in a former system; null for customers from here.',
};
const COUNTRY = { max: 255, example: 'United Kingdom' };

class CustomerFieldsDto {
  @Text({ ...NAME, optional: true, nullable: true, description: 'May be null only with an e-mail address.' })
  name?: string | null;

  @Email({ optional: true, nullable: true, description: 'No other customer of the shop may have it.' })
  email?: string | null;

  @Text({ ...COUNTRY, optional: true, nullable: true })
  country?: string | null;
}

/** A person; a name or an address is compulsory. */
@NeedsAnyOf('name', 'email')
export class CreateCustomerDto extends CustomerFieldsDto {}

/** Fields that are absent stay; null empties one. */
export class UpdateCustomerDto extends CustomerFieldsDto {
  @Id(UNCHANGED)
  id?: string;

  @Text({ ...EXTERNAL_NUMBER, ...UNCHANGED, example: undefined })
  externalNumber?: string | null;

  @Text({ ...UNCHANGED, max: 30 })
  createdAt?: string;

  @Text({ ...UNCHANGED, max: 30 })
  updatedAt?: string;
}

export const CUSTOMER_SORT_NAMES = ['-createdAt', 'createdAt'] as const;
export type CustomerSort = (typeof CUSTOMER_SORT_NAMES)[number];

export class ListCustomersQuery extends CountedPageQuery {
  @Email({ optional: true, description: 'Has this address, in any case.' })
  email?: string;

  @Moment({ optional: true, description: 'Created at this time or later.' })
  createdFrom?: string;

  @Moment({ optional: true, description: 'Created before this time.' })
  createdTo?: string;

  @OneOf(CUSTOMER_SORT_NAMES, { optional: true, description: 'Default `-createdAt`, the newest first.' })
  sort?: CustomerSort;
}

export class CustomerDto {
  @Id()
  id: string;

  @Text(EXTERNAL_NUMBER)
  externalNumber: string | null;

  @Text({ ...NAME, nullable: true })
  name: string | null;

  @Email({ nullable: true })
  email: string | null;

  @Text({ ...COUNTRY, nullable: true, description: 'As the former system wrote it.' })
  country: string | null;

  @Time()
  createdAt: string;

  @Time()
  updatedAt: string;
}

export function toCustomerDto(customer: Customer): CustomerDto {
  const { id, externalNumber, name, email, country, createdAt, updatedAt } = customer;
  return {
    ...{ id, externalNumber, name, email, country },
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
