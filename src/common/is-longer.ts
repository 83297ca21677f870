import { maxLength } from 'class-validator';

/** Counts characters as the validation of request bodies does, to which an emoji is one. Short texts cost nothing. */
export function isLonger(text: string, max: number): boolean {
  return text.length > max && !maxLength(text, max);
}
