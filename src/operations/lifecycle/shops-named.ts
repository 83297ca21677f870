import { OperatorError } from '../../common/report';
import { isId } from '../../common/ids';
import type { EngineClient } from '../../database/engine-client';

/**
 * Shops that an operator names by slug or id, in the order of the names.
 * @throws OperatorError naming the first that does not exist
 */
export async function shopsNamed(
  client: EngineClient,
  names: readonly string[],
): Promise<{ id: string; slug: string }[]> {
  const { rows } = await client.query<{ id: string; slug: string }>(
    'SELECT id, slug FROM public.shops WHERE slug = ANY ($1) OR id = ANY ($2)',
    [names, names.filter(isId)],
  );
  return names.map((name) => {
    const found = rows.find(({ id, slug }) => slug === name || id === name.toLowerCase());
    if (found === undefined) throw new OperatorError(`No shop has the slug or id ${name}.`);
    return found;
  });
}
