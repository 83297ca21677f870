import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CORE_SCHEMA, loadAll, mergeTag } from 'js-yaml';

export const DEPLOY = path.join(__dirname, '..', '..', 'deploy');

/** The documents of a YAML file below `deploy`, with merged keys. */
export function documentsOf(file: string): unknown[] {
  const text = readFileSync(path.join(DEPLOY, file), 'utf8');
  return loadAll(text, { schema: CORE_SCHEMA.withTags(mergeTag) });
}
