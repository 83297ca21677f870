const MAX_SLUG = 60;

/** Lower-case letters, digits and single hyphens, as in an address. */
export const SLUG_PATTERN = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

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
