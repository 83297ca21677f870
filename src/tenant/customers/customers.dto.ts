import { Email, Id, Text, Time } from '../../http/fields';
import type { Customer } from './customer.entity';

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
