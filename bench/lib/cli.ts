import { readFileSync } from 'node:fs';
import path from 'node:path';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { cli: string } };

/** Arguments of Node for the command-line program, with the flags that `npm run cli` passes. */
export const CLI = [
  ...(scripts.cli.match(/--\S+/g) ?? []),
  path.join(__dirname, '..', '..', 'bundle', 'cli.js'),
];
