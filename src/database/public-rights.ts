import { quoteIdent } from './identifiers';
import { JOB_SCHEMA, TENANT_FUNCTIONS } from './job-schema';
import type { Roles } from './roles';

const ALL = 'SELECT, INSERT, UPDATE, DELETE';

/**
 * Rights of the public login on each table of `public`. A table that is missing here cannot be used: new tables grant
 * nothing. Doctor compares the database with this list.
 */
export const PUBLIC_RIGHTS: Record<string, string> = {
  users: ALL,
  shops: ALL,
  // Plans are never removed: shops name them.
  plans: 'SELECT, INSERT, UPDATE',
  // Written by measure_shop alone.
  shop_usage: 'SELECT',
  former_slugs: ALL,
  shop_reports: ALL,
  shop_days: ALL,
  memberships: ALL,
  sessions: ALL,
  refresh_tokens: ALL,
  login_limits: ALL,
  request_limits: ALL,
  password_resets: ALL,
  idempotency_keys: ALL,
  // Accounts are never removed: the audit log and operations name them.
  operators: 'SELECT, INSERT, UPDATE',
  operator_sessions: ALL,
  signing_keys: 'SELECT',
  tenants: 'SELECT',
  spare_tenants: 'SELECT',
  spare_roles: 'SELECT',
  // Views for programs of the version before, whose start grants the same.
  tenant_stock: 'SELECT',
  role_stock: 'SELECT',
  shop_activity: 'SELECT, INSERT, DELETE',
  migration_runs: 'SELECT',
  schema_migrations: 'SELECT',
  held_tenants: 'SELECT',
  backups: 'SELECT',
  removed_shops: 'SELECT',
  tenant_jobs: ALL,
  tenant_job_leases: ALL,
  // May ask for an operation and for its cancellation; only a runner with admin rights takes, changes or ends one.
  operations:
    'SELECT, INSERT (id, kind, shop_id, shop_slug, by_kind, by_id, input, is_exclusive), UPDATE (cancel_wanted)',
  // Append-only, and the server sets the time: no right on the column `at`, none to change or remove rows.
  audit_log: 'SELECT, INSERT (id, action, actor_id, shop_id, request_id, details)',
};

/** Functions, by name and arguments, that only the public login may call. All but `access_of` run with the owner's rights. */
export const PUBLIC_FUNCTIONS: string[] = [
  'access_of(uuid, uuid, uuid)',
  'add_job(text, jsonb, text, text, timestamp with time zone, integer)',
  'claim_tenant(bigint)',
  'enter_member(uuid, uuid, text, text)',
  'job_states()',
  'last_orders(uuid[])',
  'lock_waits()',
  'measure_shop(uuid, integer)',
  'retry_operation(uuid, uuid)',
  'shop_sizes()',
  'shop_tables(uuid)',
];

/** SQL that grants the public and the tenant login these rights and no others. Run it as the owner, in one transaction. */
export function publicRightsSql(roles: Roles): string {
  const login = quoteIdent(roles.public);
  const tables = Object.entries(PUBLIC_RIGHTS).map(([table, rights]) => {
    const name = `public.${quoteIdent(table)}`;
    return `REVOKE ALL ON ${name} FROM PUBLIC, ${login}; GRANT ${rights} ON ${name} TO ${login};`;
  });
  const tenantLogin = quoteIdent(roles.tenant);
  return [
    ...tables,
    ...PUBLIC_FUNCTIONS.map((signature) => callableSql(`public.${signature}`, login)),
    `GRANT USAGE ON SCHEMA ${JOB_SCHEMA} TO ${tenantLogin};`,
    ...TENANT_FUNCTIONS.map((signature) => callableSql(`${JOB_SCHEMA}.${signature}`, tenantLogin)),
  ].join('\n');
}

function callableSql(signature: string, login: string): string {
  return `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC; GRANT EXECUTE ON FUNCTION ${signature} TO ${login};`;
}
