import type { Env } from '../../src/config/env';
import type { Installation } from '../../src/database/installation';
import { environmentOf } from './environment';
import { type Program, startProgram } from './program';

/** One process of the API, as `npm start` runs it. `ready` is its URL. */
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
      NODE_OPTIONS: '--max-semi-space-size=64',
      ...settings,
    },
    /^\s*API\s+(http\S+)\/api\/v1$/,
  );
}
