import { Email, Id, Moment, OneOf, Text, Time } from '../../http/fields';
import { CountedPageQuery } from '../../http/page';
import type { Customer } from './customer.entity';

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

  @Text({ max: 255, example: '13085', description: "Number in the shop's former system." })
  externalNumber: string;

  @Text({ max: 255, nullable: true, example: 'Grace Hopper' })
  name: string | null;

  @Email({ nullable: true })
  email: string | null;

  @Text({
    max: 255,
    nullable: true,
    example: 'United Kingdom',
    description: 'As the former system wrote it.',
  })
  country: string | null;

  @Time()
  createdAt: string;
}

export function toCustomerDto({
  id,
  externalNumber,
  name,
  email,
  country,
  createdAt,
}: Customer): CustomerDto {
  return { id, externalNumber, name, email, country, createdAt: createdAt.toISOString() };
}
