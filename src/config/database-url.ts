const FORM = 'must be a postgres:// URL that names a database';
const ENCODE =
  'encode the special characters of user and password: @ as %40, / as %2F, ? as %3F, # as %23, % as %25';

/**
 * Describes what is wrong with a URL of a database; undefined if nothing is. The text holds no piece of the URL.
 *
 * A password with a `/`, `?` or `#` ends the part that URL parsers read as user, password and host: `p@ss/w#rd` makes `ss` the
 * host, which errors and logs name. The `@` before the real host then follows such a character, where it would have to
 * be encoded too.
 */
export function databaseUrlProblem(text: string): string | undefined {
  const [, rest] = /^postgres(?:ql)?:\/\/(.*)$/is.exec(text) ?? [];
  if (rest === undefined) return FORM;
  const end = rest.search(/[/?#]/);
  const isCut = end !== -1 && rest.includes('@', end);
  if (isCut || (rest.includes('@') && !URL.canParse(text))) return ENCODE;
  if (!URL.canParse(text)) return FORM;
  const { username, password, pathname } = new URL(text);
  if (![username, password, pathname].every(isDecodable)) return ENCODE;
  return pathname.length > 1 ? undefined : FORM;
}

function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false; // a % that begins no code of a character
  }
}

/** `host:port/database` for people, without user and password. */
export function placeOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  return `${searchParams.get('host') ?? (hostname || 'localhost')}:${port || 5432}${decodeURIComponent(pathname)}`;
}
