import { Id, Moment, OneOf } from '../../http/fields';
import { CountedPageQuery } from '../../http/page';
import { ORDER_STATUSES, type OrderStatus } from './order.entity';

export const ORDER_SORT_NAMES = ['-number', 'number', '-placedAt', 'placedAt'] as const;
export type OrderSort = (typeof ORDER_SORT_NAMES)[number];

export class ListOrdersQuery extends CountedPageQuery {
  @OneOf(ORDER_STATUSES, { optional: true })
  status?: OrderStatus;

  @Id({ optional: true, description: 'Orders of this customer.' })
  customerId?: string;

  @Moment({ optional: true, description: 'Placed at this time or later.' })
  placedFrom?: string;

  @Moment({ optional: true, description: 'Placed before this time.' })
  placedTo?: string;

  @Moment({ optional: true, description: 'Created here at this time or later.' })
  createdFrom?: string;

  @Moment({ optional: true, description: 'Created here before this time.' })
  createdTo?: string;

  @Moment({ optional: true, description: 'Changed at this time or later.' })
  updatedFrom?: string;

  @Moment({ optional: true, description: 'Changed last before this time.' })
  updatedTo?: string;

  @OneOf(ORDER_SORT_NAMES, { optional: true, description: 'Default `-number`, the newest first.' })
  sort?: OrderSort;
}
