import { readFileSync } from 'node:fs';
import type { Env } from '../../src/config/env';
import type { Installation } from '../../src/database/installation';
import { environmentOf } from './environment';
import { type Program, startProgram } from './program';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
/** The flags that `npm start` passes to Node. */
const FLAGS = scripts.start.match(/--\S+/g) ?? [];

/** Starts one process of the API as `npm start` does. `ready` is its URL. */
export function startApi(
  installation: Installation,
  env: Env,
  settings: Record<string, string> = {},
): Promise<Program> {
  return startProgram(
    'bundle/main.js',
    {
      ...environmentOf(installation, env),
      PORT: '0',
      NODE_ENV: 'production',
      ...settings,
    },
    /^\s*API\s+(http\S+)\/api\/v1$/,
    [],
    FLAGS,
  );
}
