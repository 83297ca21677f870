import { InvalidCursor } from '../../common/common.errors';
import { isId } from '../../common/ids';
import { hasControls } from '../../common/safe-text';

/** Last shop of a page in a sorted list. */
interface Position {
  sort: string;
  /** Value that the list is sorted by: a name, or a whole number. */
  key: string;
  id: string;
}

export function cursorOf({ sort, key, id }: Position): string {
  return Buffer.from(JSON.stringify([sort, key, id])).toString('base64url');
}

/** @throws InvalidCursor if it is not from a list that is sorted so */
export function positionIn(cursor: string, sort: string): Position {
  const [of, key, id, ...rest] = parsed(cursor);
  const isGood = of === sort && typeof key === 'string' && isId(id) && rest.length === 0;
  if (!isGood || (sort === 'name' ? hasControls(key) : !/^\d{1,18}$/.test(key))) throw new InvalidCursor();
  return { sort, key, id };
}

function parsed(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return []; // not JSON, so not ours
  }
}
