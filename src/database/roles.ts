/**
 * Roles of one installation, apart from the shops' roles (src/tenancy/README.md). Roles belong to the whole server, so
 * their names start with the database's name: two installations on one server do not collide.
 */
export interface Roles {
  /** NOLOGIN; owns every table. */
  owner: string;
  /** LOGIN; provisions and migrates, never serves a tenant request. */
  admin: string;
  /** LOGIN; reads and writes the public tables. */
  public: string;
  /** LOGIN NOINHERIT; may only become a tenant's role. */
  tenant: string;
}

export function rolesOf(database: string): Roles {
  return {
    owner: `${database}_owner`,
    admin: `${database}_admin`,
    public: `${database}_public`,
    tenant: `${database}_tenant`,
  };
}

/** Roles that log in. */
export type Login = 'admin' | 'public' | 'tenant';
