import { generateKeyPairSync } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { newId } from '../../src/common/ids';
import { ACCESS_TOKEN } from '../../src/public/auth/access-token';
import { print } from '../lib/command';
import { loadOf } from '../lib/load';
import { type Program, startProgram } from '../lib/program';
import { costsInTurns, type Measured } from '../lib/ways';

const CONNECTIONS = 16;
const TOKENS = 100;
const PATH = '/products?limit=20';

interface Served {
  name: string;
  adapter: string;
  access: string;
}

const USED: Served = { name: 'Fastify, request scope', adapter: 'fastify', access: 'request' };
const WITHOUT_SCOPE: Served[] = [
  { name: 'Fastify, tenant as an argument', adapter: 'fastify', access: 'argument' },
  { name: 'Fastify, AsyncLocalStorage', adapter: 'fastify', access: 'storage' },
];
const EXPRESS: Served[] = [
  { name: 'Express, request scope', adapter: 'express', access: 'request' },
  { name: 'Express without ETag, request scope', adapter: 'express without ETag', access: 'request' },
];

/** The list over HTTP: the other adapter, and no request scope, each against what the application does. */
export async function overHttp(rounds: number, seconds: number): Promise<Measured[]> {
  const others = [...WITHOUT_SCOPE, ...(hasExpress() ? EXPRESS : [])];
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const jwt = new JwtService({ privateKey, signOptions: { algorithm: 'ES256', expiresIn: '1h' } });
  const tokens = Array.from({ length: TOKENS }, () =>
    jwt.sign({ sub: newId(), sid: newId(), typ: ACCESS_TOKEN.type, shop_id: newId() }),
  );
  const startOne = ({ adapter, access }: Served) =>
    startProgram(
      'bench/serving/list-server.js',
      { ADAPTER: adapter, ACCESS: access, PUBLIC_KEY: publicKey, NODE_ENV: 'production' },
      /^ready on (http\S+)$/,
    );
  const used = await startOne(USED);
  const results: Measured[] = [];
  for (const other of others) {
    const program = await startOne(other);
    results.push(...(await compare(other, program, used)));
    await program.stop();
  }
  await used.stop();
  return results;

  async function compare(other: Served, program: Program, floor: Program): Promise<Measured[]> {
    await assertSameAnswer(program, floor, tokens[0]!); // there are some
    const measure =
      ({ ready: url }: Program) =>
      async () => {
        const before = await cpuOf(url);
        const { perSecond } = await loadOf({ url, path: PATH, tokens, connections: CONNECTIONS, seconds });
        return { seen: perSecond, cpu: ((await cpuOf(url)) - before) / (perSecond * seconds) };
      };
    const name = `serving.http.${other.adapter}.${other.access}`;
    const what = `list over HTTP: ${other.name}; floor: ${USED.name}`;
    return costsInTurns(
      { name, what, unit: 'requests/s', rounds },
      { value: measure(program), floor: measure(floor) },
    );
  }
}

/** It is no dependency: npm would install it in production too, as an optional peer of `@nestjs/core`. */
function hasExpress(): boolean {
  try {
    require.resolve('@nestjs/platform-express/package.json');
    return true;
  } catch {
    print('without Express: npm install --no-save @nestjs/platform-express@12.5.1');
    return false;
  }
}

async function cpuOf(url: string): Promise<number> {
  const { user, system } = (await (await fetch(`${url}/cpu`)).json()) as NodeJS.CpuUsage;
  return user + system;
}

/** But for ids, which each makes itself. */
async function assertSameAnswer(a: Program, b: Program, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const lengths = [];
  for (const { ready } of [a, b]) {
    const answer = await fetch(`${ready}${PATH}`, { headers });
    const wrongQuery = await fetch(`${ready}/products?limit=0`, { headers });
    const stranger = await fetch(`${ready}${PATH}`);
    if (!answer.ok || wrongQuery.ok || stranger.ok)
      throw new Error(`answers: ${answer.status}, ${wrongQuery.status}, ${stranger.status}`);
    lengths.push((await answer.text()).length);
  }
  if (lengths[0] !== lengths[1]) throw new Error(`answers of ${lengths.join(' and ')} characters`);
}
