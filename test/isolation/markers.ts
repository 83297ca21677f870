import { randomBytes } from 'node:crypto';

/** Not hexadecimal, so that no id or hash looks like one; lower case, so that a slug may hold it. */
const MARKER = /mk[0-9a-f]{10}km/g;

/** A word that every stored text of one shop carries and nothing else does. */
export function newMarker(): string {
  return `mk${randomBytes(5).toString('hex')}km`;
}

/** Markers in an answer that are not the asking shop's: each is a row, or part of one, of another shop. */
export function foreignMarkers(text: string, own: string): string[] {
  return [...new Set(text.match(MARKER))].filter((marker) => marker !== own);
}
