/** Backups that are kept: the newest of each of the last so many days, weeks, months and years that have one. */
export interface Keep {
  readonly days: number;
  readonly weeks: number;
  readonly months: number;
  readonly years: number;
}

/** Place of the backup files. */
export type TargetLocation =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string };

const UNITS = { d: 'days', w: 'weeks', m: 'months', y: 'years' } as const;

export const KEEP_PROBLEM =
  'must be counts of days, weeks, months and years, each once and from 1 to 9999, such as 7d4w12m';

export const TARGET_PROBLEM =
  'must be a folder, or s3://bucket/prefix with no password, query or part ..; credentials belong into the variables of AWS';

/** Reads `7d4w12m`. @returns null for anything else; `KEEP_PROBLEM` says what was expected */
export function parseKeep(text: string): Keep | null {
  const keep = { days: 0, weeks: 0, months: 0, years: 0 };
  if (!/^(?:[1-9]\d{0,3}[dwmy])+$/.test(text)) return null;
  for (const [, count, letter] of text.matchAll(/(\d+)([dwmy])/g)) {
    const unit = UNITS[letter as keyof typeof UNITS];
    if (keep[unit] > 0) return null;
    keep[unit] = Number(count);
  }
  return keep;
}

/** Writes what `parseKeep` reads. */
export function keepText(keep: Keep): string {
  return Object.entries(UNITS)
    .filter(([, unit]) => keep[unit] > 0)
    .map(([letter, unit]) => `${keep[unit]}${letter}`)
    .join('');
}

/** Reads a folder or `s3://bucket/prefix`. @returns null for anything else; `TARGET_PROBLEM` says what was expected */
export function parseTarget(text: string): TargetLocation | null {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]+):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === undefined)
    return text.trim() === '' || /[\0\r\n]/.test(text) ? null : { kind: 'directory', directory: text };
  const [, bucket, folder = ''] = /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(rest) ?? [];
  if (scheme !== 's3' || bucket === undefined) return null;
  const parts = folder.split('/').filter((part) => part !== '');
  if (!parts.every((part) => /^[\w.!*'()=+-]+$/.test(part) && !/^\.+$/.test(part))) return null;
  return { kind: 's3', bucket, prefix: parts.map((part) => `${part}/`).join('') };
}
