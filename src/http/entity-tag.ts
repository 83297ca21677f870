import { createHash } from 'node:crypto';
import { invalidField } from '../common/common.errors';

/** Metadata of a route whose answer carries an ETag. */
export const TAGGED = 'stoa:tagged';

const TAG = /^\s*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)/;

/**
 * Strong entity tag of an answer: a hash of its content, so that whatever changes the answer changes the tag, such as a
 * sale that changes the stock of a product.
 * @param json the answer as it is sent
 */
export function tagOf(json: string | Buffer): string {
  return `"${createHash('sha256').update(json).digest('base64url').slice(0, 22)}"`;
}

/** If-Match, RFC 9110, 13.1.1: by strong comparison, for which a weak tag equals nothing. @throws ValidationFailed */
export function isMatch(header: string, tag: string): boolean {
  return header.trim() === '*' || parse('if-match', header).some((one) => !one.isWeak && one.tag === tag);
}

/** If-None-Match, RFC 9110, 13.1.2: true if no tag equals this one, weak or not. @throws ValidationFailed */
export function isNoneMatch(header: string, tag: string): boolean {
  return header.trim() !== '*' && parse('if-none-match', header).every((one) => one.tag !== tag);
}

function parse(field: string, header: string): { tag: string; isWeak: boolean }[] {
  const tags = [];
  for (let rest = header; rest.trim() !== '' || tags.length === 0;) {
    const [found, weak, tag] = TAG.exec(rest) ?? [];
    if (found === undefined || tag === undefined)
      throw invalidField(field, `${field} must be * or a list of entity tags, each in double quotes`);
    tags.push({ tag, isWeak: weak !== undefined });
    rest = rest.slice(found.length);
  }
  return tags;
}
