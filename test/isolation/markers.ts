import { randomBytes } from 'node:crypto';

/** Not purely hexadecimal, so that no id or hash looks like a marker; lower case, so that a slug may contain it. */
const MARKER = /mk[0-9a-f]{10}km/g;

/** Makes a word that every stored text of one shop carries and no other text does. */
export function newMarker(): string {
  return `mk${randomBytes(5).toString('hex')}km`;
}

/** Markers in an answer that are not `own`: each belongs to a row of another shop. */
export function foreignMarkers(text: string, own: string): string[] {
  return [...new Set(text.match(MARKER))].filter((marker) => marker !== own);
}
