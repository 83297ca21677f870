const MAX_SLUG = 60;

/**
 * Lower-case letters, digits and single hyphens, as in an address. Not the form of a UUID: commands take a shop
 * by slug or id, and a slug must never mean another shop's id.
 */
export const SLUG_PATTERN = /^(?!(?:[0-9a-f]{4}-?){8}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Makes a slug from a name: `Café Zürich & Co.` → `cafe-zurich-co`. Empty when nothing of the name remains. */
export function slugify(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG)
    .replace(/^-+|-+$/g, '');
}
