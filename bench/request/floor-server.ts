import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { JwtService } from '@nestjs/jwt';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { Client, Pool, type PoolClient, type QueryConfig } from 'pg';
import { LAST_ID } from '../../src/common/ids';
import { ACCESS_TOKEN, type AccessClaims } from '../../src/public/auth/access-token';
import { quoteIdent } from '../../src/database/identifiers';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { PRODUCT_LIST } from '../../src/tenant/products/product-list';
import { print, start } from '../lib/command';

/**
 * The minimum that answers with a shop's list of products: `node:http`, verification of the token, and one message each for
 * role and path, the query, and COMMIT, pipelined. It has no routes, no membership check, no error handling and no log.
 */
start(async () => {
  const { TENANT_URL, PUBLIC_URL, POOL_SIZE } = process.env as Record<string, string>;
  const jwt = new JwtService({ publicKey: await publicKey(PUBLIC_URL!) });
  const pool = new Pool({ connectionString: TENANT_URL, max: Number(POOL_SIZE), pipeline: true } as object);
  const locator = new TenantLocator();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = request.headers.authorization!.slice('Bearer '.length); // the benchmark sends it
    const { shop_id } = jwt.verify<AccessClaims>(token, { algorithms: [ACCESS_TOKEN.algorithm] });
    const { schema, role } = locator.locate(shop_id!);
    const client = await pool.connect();
    const rows = await inShop(client, schema, role);
    client.release();
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify({ items: rows, nextCursor: null }));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      response.statusCode = 500;
      response.end();
    });
  });
  server.listen(0, '127.0.0.1', () => print(`ready on ${(server.address() as AddressInfo).port}`));
  process.once('SIGTERM', () => process.exit(0));
});

async function inShop(client: PoolClient, schema: string, role: string): Promise<unknown[]> {
  const path = `${quoteIdent(schema)}, pg_temp`;
  const query = { text: PRODUCT_LIST, values: [LAST_ID, 21], queryMode: 'extended' } as QueryConfig; // the types do not know the mode
  const [, { rows }] = await Promise.all([
    client.query(`BEGIN READ ONLY; SET LOCAL ROLE ${quoteIdent(role)}; SET LOCAL search_path TO ${path}`),
    client.query(query),
    client.query('COMMIT'),
  ]);
  return rows;
}

async function publicKey(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ jwk: JsonWebKey }>(
    `SELECT public_jwk AS jwk FROM signing_keys WHERE state = 'current'`,
  );
  await client.end();
  const key = createPublicKey({ key: rows[0]!.jwk, format: 'jwk' }); // an installation has one
  return key.export({ format: 'pem', type: 'spki' }).toString();
}
