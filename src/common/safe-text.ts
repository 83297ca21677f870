/** Control characters (Cc) but those that break lines, as word processors do with VT, and those beyond ASCII, which wrongly decoded files have. */
const CONTROLS = /[^\P{Cc}\t\n\v\f\r\u0080-\u009f]/u;

/**
 * Control characters have no place in a text, and JSON takes six bytes for each, so that an answer would be six times as long as
 * what was sent. PostgreSQL text cannot hold NUL at all (SQLSTATE 22021).
 */
export function hasControls(text: string): boolean {
  return CONTROLS.test(text);
}

/** All control characters, separators of lines, and what turns the direction of all that follows. */
const MISLEADING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** True for a name that would steer a terminal or break its line, or hide in a list which characters it has. */
export function isMisleading(name: string): boolean {
  return MISLEADING.test(name);
}

/** The first `max` code units at most, without half of a surrogate pair at the end, which is no valid text for PostgreSQL. */
export function beginningOf(text: string, max: number): string {
  return text.slice(0, max).replace(/[\ud800-\udbff]$/, '');
}

/** True for a name that every object has, also when it is trimmed later: validation would drop such a field silently. */
export function isReservedName(name: string): boolean {
  const plain = name.normalize('NFC').trim();
  return plain in Object.prototype || plain === 'prototype';
}
