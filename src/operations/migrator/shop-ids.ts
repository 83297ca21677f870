import { isId } from '../../common/ids';
import { OperatorError } from '../../common/report';
import type { OpeningClient } from '../../database/borrowed-client';

/**
 * Ids of shops that an operator names by slug or id.
 * @throws OperatorError naming the first that does not exist
 */
export async function shopIdsOf(client: OpeningClient, shops: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string; slug: string }>(
    'SELECT id, slug FROM shops WHERE slug = ANY ($1) OR id = ANY ($2)',
    [shops, shops.filter(isId)],
  );
  return shops.map((wanted) => {
    const found = rows.find(({ id, slug }) => slug === wanted || id === wanted.toLowerCase());
    if (found === undefined) throw new OperatorError(`No shop has the slug or id ${wanted}.`);
    return found.id;
  });
}
