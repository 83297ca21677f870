import { ApiProperty } from '@nestjs/swagger';
import { Id, ListOf, OneOf, Text, Time } from '../../http/fields';
import type { PageQuery } from '../../http/page';
import { CHANGE_KINDS, type OldAndNew } from './change.entity';

/** Kinds of recorded changes, and those of the events of an order, which are listed as changes of it. */
const ACTIONS = [...CHANGE_KINDS, 'payment', 'refund', 'fulfilment', 'cancellation'] as const;

const VALUE = {
  nullable: true,
  oneOf: [
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'array', items: {} },
    { type: 'object', additionalProperties: {} },
  ],
};

export interface ListChangesQuery extends PageQuery {
  resource: string;
  /** Only changes of this row. */
  id?: string;
}

class FieldOldNewDto {
  @Text({ max: 60, example: 'priceMinor' })
  field: string;

  @ApiProperty({
    ...VALUE,
    example: 4990,
    description: 'The beginning, as text, of a value that is longer than 1,000 characters.',
  })
  old: unknown;

  @ApiProperty({ ...VALUE, example: 4490 })
  new: unknown;
}

export class ChangeDto {
  @Id()
  id: string;

  @Time()
  at: string;

  @Text({ max: 63, example: 'products' })
  resource: string;

  @Id({ description: 'Product, variant, customer, order …' })
  resourceId: string;

  @OneOf(ACTIONS)
  action: (typeof ACTIONS)[number];

  @Id({ nullable: true, description: 'Member who made the change; null for a command of the operator.' })
  actorId: string | null;

  @Text({ max: 64, nullable: true, description: '`x-request-id` of the request that made the change.' })
  requestId: string | null;

  @Id({ nullable: true, description: 'Import that made the change.' })
  importId: string | null;

  @ListOf(FieldOldNewDto, {
    max: 100,
    description: 'Empty for what was created or erased.',
  })
  fields: FieldOldNewDto[];
}

/** A change as the statements of `change-lists.ts` read it. */
export interface ChangeRow {
  id: string;
  /** Table that a change of an order is in. */
  source?: number;
  at: Date;
  resource: string;
  resourceId: string;
  action: ChangeDto['action'];
  actorId: string | null;
  requestId: string | null;
  importId: string | null;
  fields: Record<string, OldAndNew>;
}

export function toChangeDto(row: ChangeRow): ChangeDto {
  const { id, at, resource, resourceId, action, actorId, requestId, importId, fields } = row;
  return {
    ...{ id, at: at.toISOString(), resource, resourceId, action, actorId, requestId, importId },
    fields: Object.entries(fields).map(([field, [old, now]]) => ({ field, old, new: now })),
  };
}
