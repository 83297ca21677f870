import type { ClientBase } from 'pg';
import { OptionInvalid } from '../../common/common.errors';
import { isSlug, MAX_SLUG } from '../../common/slug';
import { findShopIds } from '../../tenancy/named-shops';
import { SlugTaken } from '../../tenancy/tenancy.errors';

/** Refuses a text that cannot be a slug: such a shop could be named by no command. @throws OptionInvalid */
export function assertSlug(slug: string): void {
  if (!isSlug(slug))
    throw new OptionInvalid({
      detail: `--as takes a slug: at most ${MAX_SLUG} lower-case letters and digits, separated by single hyphens.`,
    });
}

/** Refuses early what could only fail at the end, which checks it again. @throws OptionInvalid, SlugTaken */
export async function assertNewSlug(client: ClientBase, slug: string): Promise<void> {
  assertSlug(slug);
  const [taken] = await findShopIds(async (sql, values) => (await client.query(sql, values)).rows, [slug]);
  if (taken !== null)
    throw new SlugTaken({ detail: `Another shop has the slug ${slug}: choose one with --as.` });
}
