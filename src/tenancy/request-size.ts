import { BodyTooLarge, invalidField } from '../common/common.errors';
import type { Allowance } from './plan';
import type { TenantRequest } from './tenant';

const KIB = 1024;

/**
 * Refuses a JSON body or a page that is larger than the shop may have. A body has arrived by then: the installation's limit
 * bounds what any request can send. Files have a limit of their own.
 * @throws BodyTooLarge; ValidationFailed for `limit`, as a value above that of the installation
 */
export function requireSize({ bodyBytes = 0, query }: TenantRequest, { limits }: Allowance): void {
  const { bodyKiB, pageSize } = limits;
  if (bodyKiB !== null && bodyBytes > bodyKiB * KIB)
    throw new BodyTooLarge({ detail: `The limit of this shop is ${bodyKiB * KIB} bytes.` });
  if (pageSize !== null && Number(query?.limit) > pageSize)
    throw invalidField('limit', `limit must not be greater than ${pageSize} in this shop`);
}
