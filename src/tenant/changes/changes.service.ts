import { Injectable } from '@nestjs/common';
import { InvalidCursor, invalidField } from '../../common/common.errors';
import { isId, LAST_ID } from '../../common/ids';
import { type Page, toPage } from '../../http/page';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { CHANGES, CHANGES_OF_ORDER, CHANGES_OF_ROW, ORDER_CHANGES } from './change-lists';
import { type ChangeDto, type ChangeRow, type ListChangesQuery, toChangeDto } from './changes.dto';
import { recordedResources } from './resources';

/** Sorts after every source of changes of orders. */
const LAST_SOURCE = 9;

/** The recorded changes of the rows of one shop. */
@Injectable()
export class ChangesService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Newest first. @throws FeatureOff; ValidationFailed for an unknown resource; InvalidCursor */
  async list({ resource, id, limit, cursor }: ListChangesQuery): Promise<Page<ChangeDto>> {
    await this.tenant.requireFeature('changeHistory');
    const isOrders = resource === 'orders';
    const [after, source] = placeOf(cursor, isOrders);
    const ofRow = id === undefined ? [] : [id];
    const [sql, ofRowSql] = isOrders ? [ORDER_CHANGES, CHANGES_OF_ORDER] : [CHANGES, CHANGES_OF_ROW];
    const rows = await this.tenant.runOne((manager) => {
      const known = recordedResources(manager.connection.entityMetadatas);
      if (!known.includes(resource))
        throw invalidField('resource', `resource must be one of ${known.toSorted().join(', ')}`);
      const place = isOrders ? [after, source] : [resource, after];
      return manager.query<ChangeRow[]>(id === undefined ? sql : ofRowSql, [...place, limit + 1, ...ofRow]);
    });
    return toPage(rows, limit, cursorOf, toChangeDto);
  }
}

/** Entry after which the page begins, and its source. @throws InvalidCursor */
function placeOf(cursor: string | undefined, isOrders: boolean): [id: string, source: number] {
  if (cursor === undefined) return [LAST_ID, LAST_SOURCE];
  const [, id, source] = /^([^.]+)(?:\.(\d))?$/.exec(cursor) ?? [];
  if (!isId(id) || isOrders !== (source !== undefined)) throw new InvalidCursor();
  return [id, Number(source)];
}

function cursorOf({ id, source }: ChangeRow): string {
  return source === undefined ? id : `${id}.${source}`;
}
