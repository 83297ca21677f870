import { invalidField } from '../../common/common.errors';
import { Id, Text } from '../../http/fields';
import { ListAuditQuery } from '../../public/audit/audit.dto';
import type { ListChangesQuery } from '../../tenant/changes/changes.dto';

export class AuditQuery extends ListAuditQuery {
  @Text({
    max: 63,
    optional: true,
    example: 'products',
    description:
      'Lists the changes of products, variants, customers, orders or another resource of the shop instead.',
  })
  resource?: string;

  @Id({ optional: true, description: 'With `resource`: only changes of this product, variant …' })
  id?: string;
}

/** True if the changes of a resource are asked for. @throws ValidationFailed for a filter that does not go with the rest */
export function isOfResource(query: AuditQuery): query is AuditQuery & ListChangesQuery {
  const { resource, id, action, actorId } = query;
  if (resource === undefined && id !== undefined) throw invalidField('id', 'id needs resource');
  if (resource !== undefined && action !== undefined)
    throw invalidField('action', 'action does not go with resource');
  if (resource !== undefined && actorId !== undefined)
    throw invalidField('actorId', 'actorId does not go with resource');
  return resource !== undefined;
}
