/** What a member may be in a shop. */
export const MEMBER_ROLES = ['owner', 'staff'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

/** A suspended shop is closed to its members; its data stays. */
export const SHOP_STATUSES = ['active', 'suspended'] as const;
export type ShopStatus = (typeof SHOP_STATUSES)[number];

/** Where a tenant's data lives and as whom it is read. */
export interface Placement {
  schema: string;
  /** Database role; has the schema's name. */
  role: string;
}

/** A tenant of which at least the id is known: the shop of that id can be inserted. */
export interface NewTenant {
  shopId: string;
  /** `none`: everything is still to be made; `role`: its role exists; `tenant`: it is complete. */
  ready: 'none' | 'role' | 'tenant';
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
