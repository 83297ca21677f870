import { print } from './command-context';

/** Prints rows below a heading, each column as wide as its widest cell; nothing without rows. */
export function printTable(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  if (rows.length > 0) for (const line of tableLines(heading, rows)) print(line);
}

/** Lines of a heading and of rows, each column as wide as its widest cell. */
export function tableLines(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heading.map((_, i) =>
    rows.reduce((most, row) => Math.max(most, row[i]!.length), heading[i]!.length),
  );
  return [heading, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

/** Formats a size as `12.3 MB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${(bytes / 1000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** Formats a time as `2026-11-21 09:30`, UTC; `-` for none. */
export function timeText(time: Date | string | null): string {
  return time === null ? '-' : new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}
