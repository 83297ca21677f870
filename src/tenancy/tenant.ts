import type { MemberRole } from '../public/shops/membership.entity';

/** Where a tenant's data lives and as whom it is read. */
export interface Placement {
  schema: string;
  /** Database role; has the schema's name. */
  role: string;
}

/** What an access token says: who, and for which shop. */
export interface Principal {
  userId: string;
  /** Login that the token came from; revoked, it opens nothing. */
  sessionId: string;
  /** Null in a global token, which opens no tenant route. */
  shopId: string | null;
}

/** A principal whose membership in an active shop was checked. */
export interface TenantAccess {
  shopId: string;
  userId: string;
  memberRole: MemberRole;
  /** Currency of the shop, ISO 4217. */
  currency: string;
}

/** The parts of a request that the engine reads and writes. */
export interface TenantRequest {
  user?: Principal;
  tenant?: TenantAccess;
}
