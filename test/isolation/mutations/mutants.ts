/** A possible mistake, as a change to one file. */
export interface Mutant {
  name: string;
  file: string;
  /** Occurs exactly once in the file. */
  find: string;
  replace: string;
  /** The suite that runs first; the others run only if this one passes. */
  suite: 'routes' | 'load' | 'corpus' | 'billing-job' | 'leftovers' | 'jobs' | 'cache';
}

const PREAMBLE = 'src/tenancy/preamble.ts';
const GUARD = 'src/tenancy/tenant.guard.ts';
const DIRECTORY = 'src/tenancy/access-directory.ts';
const TRANSACTIONS = 'src/database/transactions.ts';
const PROVISION = 'src/tenancy/provision-sql.ts';
const AUTH = 'src/public/auth/auth.service.ts';

/**
 * A TenantConnection that Nest creates only once is impossible: it depends on REQUEST, which makes it request-scoped
 * whatever its own scope says. The mutant that caches the tenant of the first request stands for it.
 */
export const MUTANTS: Mutant[] = [
  {
    name: 'the role is not set',
    file: PREAMBLE,
    find: '`BEGIN ${mode}; ${tempFiles}SET LOCAL ROLE ${quoteIdent(role)}; `',
    replace: '`BEGIN ${mode}; `',
    suite: 'load',
  },
  {
    name: 'the role outlives the transaction',
    file: PREAMBLE,
    find: 'SET LOCAL ROLE',
    replace: 'SET ROLE',
    suite: 'billing-job',
  },
  {
    name: 'the path outlives the transaction',
    file: PREAMBLE,
    find: 'SET LOCAL search_path',
    replace: 'SET search_path',
    suite: 'leftovers',
  },
  {
    name: 'public is in the path, and the role is not set',
    file: PREAMBLE,
    find: 'SET LOCAL ROLE ${quoteIdent(role)}; ` +\n    `SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp; ` +',
    replace: '` +\n    `SET LOCAL search_path TO ${quoteIdent(schema)}, public, pg_temp; ` +',
    suite: 'load',
  },
  {
    name: 'reads may write',
    file: 'src/tenancy/tenant-database.ts',
    find: "this.enter(tenant, 'READ ONLY')",
    replace: "this.enter(tenant, 'READ WRITE')",
    suite: 'leftovers',
  },
  {
    name: 'the tenant guard is not used',
    file: 'src/tenancy/tenant-controller.decorator.ts',
    find: '    UseGuards(TenantGuard),\n',
    replace: '',
    suite: 'load',
  },
  {
    name: 'the tenant comes from a header',
    file: GUARD,
    find: 'this.directory.enter(user.userId, user.shopId)',
    replace:
      "this.directory.enter(user.userId, (request as never as { headers: Record<string, string> }).headers['x-shop-id'] ?? user.shopId)",
    suite: 'routes',
  },
  {
    name: 'a token without a shop gets a default one',
    file: GUARD,
    find: 'if (user?.shopId === undefined || user.shopId === null) throw new TenantRequired();',
    replace:
      'const memory = TenantGuard as never as { last: string }; user!.shopId ??= memory.last; memory.last = user!.shopId;',
    suite: 'routes',
  },
  {
    name: 'the tenant of the first request is cached',
    file: 'src/tenancy/tenant-connection.ts',
    find: 'return this.request.tenant;',
    replace: 'return ((TenantConnection as never as { kept: TenantAccess }).kept ??= this.request.tenant);',
    suite: 'load',
  },
  {
    name: 'membership is not checked',
    file: 'migrations/public/1796830000000-add-plans-settings.ts',
    find: 'm.shop_id = s.id AND m.user_id = member',
    replace: 'm.shop_id = s.id AND (m.user_id = member OR true)',
    suite: 'routes',
  },
  {
    name: 'suspension is not checked',
    file: DIRECTORY,
    find: "if (status !== 'active' && !isReadOnly) return new ShopSuspended();",
    replace: '',
    suite: 'routes',
  },
  {
    name: 'the key of cached memberships lacks the shop',
    file: DIRECTORY,
    find: '`${userId} ${shopId}`',
    replace: '`${userId}`',
    suite: 'routes',
  },
  {
    name: 'the key of cached memberships lacks the user',
    file: DIRECTORY,
    find: '`${userId} ${shopId}`',
    replace: '`${shopId}`',
    suite: 'routes',
  },
  {
    name: 'the key of cached values lacks the shop',
    file: 'src/tenancy/tenant-cache.ts',
    find: 'return `tenant:${shopId}:${kind}:${name}`;',
    replace: 'return `tenant:${kind}:${name}${shopId.slice(36)}`;',
    suite: 'cache',
  },
  {
    name: 'the ranking of similar products is kept for all shops',
    file: 'src/tenant/products/similar/similar.service.ts',
    find: '      this.tenant.access,\n      `similar',
    replace: "      { shopId: 'all' },\n      `similar",
    suite: 'cache',
  },
  {
    name: 'a manager is kept across requests',
    file: 'src/tenant/products/products.service.ts',
    find: 'const read = (manager: EntityManager) =>',
    replace:
      'const read = (fresh: EntityManager, manager = ((ProductsService as never as { kept: typeof fresh }).kept ??= fresh)) =>',
    suite: 'load',
  },
  {
    name: 'a connection goes back to the pool whatever its state',
    file: TRANSACTIONS,
    find: "TypeORM).\n      this.connections.giveBack(client, client.getTransactionStatus() === 'I', isCommitted)",
    replace: 'TypeORM).\n      this.connections.giveBack(client, true, isCommitted)',
    suite: 'leftovers',
  },
  {
    name: 'a kept manager goes on working',
    file: TRANSACTIONS,
    find: '    this.isReleased = true;\n    this.lease.end();\n',
    replace: '',
    suite: 'leftovers',
  },
  {
    name: 'a kept connection goes on working',
    file: TRANSACTIONS,
    find: '    this.lease.end();\n',
    replace: '',
    suite: 'leftovers',
  },
  {
    name: 'several statements may travel in one query',
    file: 'src/database/data-source.ts',
    find: 'severalStatements ? EngineClient : ExtendedClient',
    replace: '(severalStatements, ExtendedClient) && EngineClient',
    suite: 'corpus',
  },
  {
    name: 'statements of every kind are sent',
    file: 'src/database/engine-client.ts',
    find: "typeof query.text !== 'string' || !STATEMENT.test(query.text) ||",
    replace: "typeof query.text !== 'string' ||",
    suite: 'corpus',
  },
  {
    name: 'the database is not hardened',
    file: 'src/database/bootstrap.ts',
    find: '? harden(client, roles) : findPublicRights(client, roles)',
    replace: '? findPublicRights(client, roles) : harden(client, roles)',
    suite: 'corpus',
  },
  {
    name: 'the audit log of every shop is shown',
    file: 'src/public/audit/audit.service.ts',
    find: ".where('e.shop_id = :shopId', { shopId })",
    replace: ".where('true')",
    suite: 'routes',
  },
  {
    name: 'members of every shop are shown',
    file: 'src/public/members/members.ts',
    find: ".where('m.shop_id = :shopId', { shopId })",
    replace: ".where('true')",
    suite: 'routes',
  },
  {
    name: 'a schema is open to everybody',
    file: PROVISION,
    find: 'GRANT USAGE ON SCHEMA ${schema} TO ${role};',
    replace: 'GRANT USAGE ON SCHEMA ${schema} TO PUBLIC;',
    suite: 'leftovers',
  },
  {
    name: 'tables are open to everybody',
    file: PROVISION,
    find: 'ON TABLES TO ${role};',
    replace: 'ON TABLES TO PUBLIC;',
    suite: 'leftovers',
  },
  {
    name: 'shops are shown to users who are not members',
    file: 'src/public/shops/memberships.ts',
    find: ".where('m.user_id = :userId', { userId })",
    replace: ".where('true')",
    suite: 'routes',
  },
  {
    name: 'a refresh does not check membership',
    file: AUTH,
    find: 'const principal = { ...holder, shopId: shop?.id ?? null };',
    replace: 'const principal = holder;',
    suite: 'routes',
  },
  {
    name: 'a switch does not check membership',
    file: AUTH,
    find: 'if (shop === undefined) throw new ShopNotFound();',
    replace: 'if (shop === undefined) return { id: shopId } as ShopDto;',
    suite: 'routes',
  },
  {
    name: 'a token outlives its session',
    file: 'src/public/auth/access-token.strategy.ts',
    find: 'if (!(await this.access.isLive(principal))) return false;',
    replace: '',
    suite: 'routes',
  },
  {
    name: 'expired tokens are accepted',
    file: 'src/public/auth/access-token.strategy.ts',
    find: 'issuer: ACCESS_TOKEN.issuer,',
    replace: 'issuer: ACCESS_TOKEN.issuer, ignoreExpiration: true,',
    suite: 'routes',
  },
  {
    name: 'a cached token outlives its session',
    file: 'src/public/auth/known-tokens.ts',
    find: '(await this.access.isLive(principal))',
    replace: 'true',
    suite: 'routes',
  },
  {
    name: 'a job enters the shop of the job before',
    file: 'src/operations/tenant-jobs/slice.ts',
    find: 'await directory.enterAsOwner(this.shopId)',
    replace:
      'await ((Slice as never as { kept: Promise<TenantAccess> }).kept ??= directory.enterAsOwner(this.shopId))',
    suite: 'jobs',
  },
  {
    name: 'a turn takes the jobs of every shop',
    file: 'src/operations/tenant-jobs/job-store.ts',
    find: "WHERE shop_id = $1 AND state = 'waiting' AND run_at <= now() AND kind = ANY ($3)",
    replace: "WHERE $1::uuid IS NOT NULL AND state = 'waiting' AND run_at <= now() AND kind = ANY ($3)",
    suite: 'jobs',
  },
  {
    name: 'the role of the shop is not taken again after a job was added',
    file: 'src/database/lease.ts',
    find: 'answered(this.client.exec(enter)),',
    replace: "answered(this.client.exec(enter.replace('SET LOCAL ROLE', 'SELECT 1 AS'))),",
    suite: 'jobs',
  },
  {
    name: 'the files of all shops lie in one folder',
    file: 'src/tenancy/tenant-files.ts',
    find: '  return shopId.toLowerCase();',
    replace: "  return 'all';",
    suite: 'leftovers',
  },
  {
    name: 'a job ends whoever has it',
    file: 'src/database/job-schema.ts',
    find: 'WHERE id = job AND lease = held',
    replace: 'WHERE id = job',
    suite: 'jobs',
  },
];
