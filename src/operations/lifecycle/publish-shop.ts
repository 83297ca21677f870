import { isUniqueViolation } from '../../common/sqlstate';
import type { EngineClient } from '../../database/engine-client';
import { quoteIdent } from '../../database/identifiers';
import type { AuditAction } from '../../tenancy/audit-log';
import { SlugTaken } from '../../tenancy/tenancy.errors';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { recordOperationAudit } from './operation-audit';
import type { TenantHeader } from './copy/tenant-data';
import { assertSlug } from './new-slug';
import type { OperationRun } from './operation-kind';

/** Verifies no password: it is not in the form of a hash. */
const NO_PASSWORD = '!';

export interface PublishedShop {
  id: string;
  slug: string;
  name: string;
  /** Members who had no account here: each got one without a password (`users:reset-password`). */
  invited: string[];
}

/**
 * Makes a shop of a held tenant whose data are loaded: the rows in `public`, the memberships, and the members in the shop.
 * Members are found by their e-mail address; one who has no account gets one that no password opens.
 * @param within runs in the transaction at its end; it must store the checkpoint
 * @param details of the entry in the audit log
 * @throws SlugTaken
 */
export async function publishShop(
  client: EngineClient,
  run: OperationRun,
  tenantId: string,
  wanted: Omit<TenantHeader['shop'], 'id' | 'createdAt'> & Pick<TenantHeader, 'members'>,
  action: AuditAction,
  within: (shop: PublishedShop) => Promise<void>,
  details: Record<string, string> = {},
): Promise<PublishedShop> {
  const { slug, name, members } = wanted;
  const { schema } = new TenantLocator().locate(tenantId);
  assertSlug(slug);
  await client.exec('BEGIN');
  try {
    await insertShop(client, tenantId, wanted);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new SlugTaken({
      detail: `Another shop has the slug ${slug}: choose one with --as.`,
      cause: error,
    });
  }
  await assertFree(client, slug);
  const invited: string[] = [];
  for (const member of members) {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO public.users (id, email, name, password_hash)
       VALUES (CASE WHEN EXISTS (SELECT FROM public.users WHERE id = $1) THEN gen_random_uuid() ELSE $1::uuid END, $2, $3, $4)
       ON CONFLICT (email) DO NOTHING RETURNING id`,
      [member.id, member.email, member.name, NO_PASSWORD],
    );
    if (rows.length > 0) invited.push(member.email);
    await client.query(
      `WITH member AS (SELECT id, name FROM public.users WHERE email = $1),
         entered AS (INSERT INTO public.memberships (user_id, shop_id, role) SELECT id, $2, $3 FROM member)
       INSERT INTO ${quoteIdent(schema)}.members (user_id, name, role) SELECT id, name, $3 FROM member
       ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, role = excluded.role`,
      [member.email, tenantId, member.role],
    );
  }
  const shop = { id: tenantId, slug, name, invited };
  await client.query('DELETE FROM public.held_tenants WHERE shop_id = $1', [tenantId]);
  await recordOperationAudit(client, run.operation, action, tenantId, details);
  await within(shop);
  await client.exec('COMMIT');
  return shop;
}

/**
 * Inserts the row of the shop with all that an operator or a member has set. A plan that this installation does not have becomes
 * `standard`. A suspended shop stays closed, and a read-only one read-only: a copy is no way round it. One that was deleted is
 * open again, because that is what a backup of it is for.
 */
function insertShop(
  client: EngineClient,
  id: string,
  shop: Omit<TenantHeader['shop'], 'id' | 'createdAt'>,
): Promise<unknown> {
  const { name, slug, currency, status, settings = {}, plan = null, limits = {}, features = {} } = shop;
  return client.query(
    `INSERT INTO public.shops (id, name, slug, currency, status, settings, limits, features, plan)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce((SELECT p.name FROM public.plans p WHERE p.name = $9), 'standard'))`,
    [id, name, slug, currency, status === 'deleted' ? 'active' : status, settings, limits, features, plan],
  );
}

/** A slug that a shop gave up within the last 30 days still names that shop. Ask after the insert, which waits for it. @throws SlugTaken */
async function assertFree(client: EngineClient, slug: string): Promise<void> {
  const { rows } = await client.query('SELECT FROM public.former_slugs WHERE slug = $1 AND ends_at > now()', [
    slug,
  ]);
  if (rows.length > 0) throw slugTaken(slug);
}

function slugTaken(slug: string, cause?: unknown): Error {
  return new SlugTaken({ detail: `Another shop has the slug ${slug}: choose one with --as.`, cause });
}
