import type { ClientSocket } from '../database/connections';
import type { JobWork } from './job-work';
import type { KeyedWork } from './keyed-work';
import type { Allowance } from './plan';
import type { ShopSettings } from './shop-settings';

/** Roles of a member in a shop; each may do all that those after it may (docs/permissions.md). */
export const MEMBER_ROLES = ['owner', 'admin', 'staff', 'read_only'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

/**
 * A read-only shop can be read; PostgreSQL refuses every write. A suspended shop is closed to its members. To them a deleted shop
 * is one that does not exist; its data is there until it is purged.
 */
export const SHOP_STATUSES = ['active', 'read_only', 'suspended', 'deleted'] as const;
export type ShopStatus = (typeof SHOP_STATUSES)[number];

/** Location of a tenant's data, and the role that may access it. */
export interface Placement {
  schema: string;
  /** Database role, named like the schema. */
  role: string;
}

/** A tenant that is being created; its id is final, so the shop can be inserted. */
export interface NewTenant {
  shopId: string;
  /** Existing part: nothing, the role, or the complete tenant. */
  ready: 'none' | 'role' | 'tenant';
}

/** Content of an access token: the user, the session and the shop. */
export interface Principal {
  userId: string;
  /** Session that the token was issued in; once it is revoked, the token is useless. */
  sessionId: string;
  /** Null in a global token, which opens no tenant route. */
  shopId: string | null;
}

/** A principal whose membership in a shop that is open has been checked. */
export interface TenantAccess {
  shopId: string;
  userId: string;
  memberRole: MemberRole;
  /** Currency of the shop, ISO 4217. */
  currency: string;
  /** The shop can only be read. */
  isReadOnly: boolean;
  /** Plan, limits and features of the shop. */
  allowance: Allowance;
  /** Settings of the shop that are in force. */
  settings: Readonly<ShopSettings>;
  /** True for a command of the operator, which acts as the owner `userId`. */
  isCommand?: boolean;
}

/** Member who changes rows of a shop, and the request. */
export interface Author {
  /** Member; null for a command of the operator. */
  userId: string | null;
  /** Request id, as in the log; null for a command. */
  requestId: string | null;
}

/** The parts of a request that the engine reads and writes. */
export interface TenantRequest {
  /** Request id; none for a command. */
  id?: string;
  routeOptions?: { url?: string | undefined };
  /** Request of Node; none for a command or a job. */
  raw?: { socket: ClientSocket };
  user?: Principal;
  /** Size of its JSON body. */
  bodyBytes?: number;
  /** As it came, before validation. */
  query?: { limit?: unknown };
  tenant?: TenantAccess;
  /** Set for a request with an Idempotency-Key. */
  keyedWork?: KeyedWork;
  /** Set for a job or an operation, in place of a request: what ends it, and who added it. */
  jobWork?: JobWork;
  author?: Author;
}
