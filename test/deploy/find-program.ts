import { existsSync } from 'node:fs';
import path from 'node:path';

/** Path of a program on PATH; undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));
}
