import { transliterate } from 'transliteration';

/** Characters of a slug at most. */
export const MAX_SLUG = 60;

/**
 * Lower-case letters, digits and single hyphens. Never the form of a UUID: commands accept a shop's slug or id, and a slug
 * must not be another shop's id.
 */
export const SLUG_PATTERN = /^(?!(?:[0-9a-f]{4}-?){8}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;

export function isSlug(text: string): boolean {
  return text.length <= MAX_SLUG && SLUG_PATTERN.test(text);
}

/** Makes a slug from a name: `Café Zürich & Co.` → `cafe-zurich-co`, `Łódź` → `lodz`. Empty if nothing of the name remains. */
export function slugify(name: string): string {
  return plainText(name)
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG)
    .replace(/^-+|-+$/g, '');
}

/** Text in lower case, in Latin letters where they exist, without accents: `Café Zürich` → `cafe zurich`. */
export function plainText(text: string): string {
  return transliterate(text.normalize('NFKC'))
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase();
}
