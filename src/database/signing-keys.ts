import { generateKeyPairSync } from 'node:crypto';
import type { ClientBase } from 'pg';
import { newId } from '../common/ids';
import { OperatorError } from '../common/report';
import { openSealedKey, sealKey } from './sealed-key';
import type { Secrets } from './secrets';
import { withClient } from './with-client';

/** `next` is published and does not sign yet, `current` signs, `previous` only checks what it has signed. */
export type KeyState = 'next' | 'current' | 'previous';

export interface KeySummary {
  kid: string;
  state: KeyState;
  createdAt: Date;
  stateSince: Date;
}

/**
 * Creates missing keys. Idempotent, and safe when several instances start at once. Keys that were sealed with another
 * `APP_SECRET` cannot be used: they are replaced, and their tokens become invalid.
 * @param client connection of the admin login, after `public` was migrated; close it when this fails
 */
export async function ensureSigningKeys(client: ClientBase, secrets: Secrets): Promise<void> {
  await inTurn(client, async () => {
    const { rows } = await client.query<{ kid: string; state: KeyState; private_key: string }>(
      'SELECT kid, state, private_key FROM signing_keys',
    );
    const foreign = rows.filter(({ kid, private_key }) => !isOurs(kid, private_key, secrets));
    if (foreign.length > 0)
      await client.query('DELETE FROM signing_keys WHERE kid = ANY($1)', [foreign.map(({ kid }) => kid)]);
    const present = rows.filter((row) => !foreign.includes(row)).map(({ state }) => state);
    for (const state of ['current', 'next'] as const)
      if (!present.includes(state)) await insertKey(client, state, secrets);
  });
}

/**
 * Drops the previous key, retires the current one, makes the next one current and creates a new next.
 * @param graceSeconds how long tokens of a retired key may still be used
 * @throws OperatorError, unless `force`, while tokens of the key to be dropped may still be valid
 */
export async function rotateSigningKeys(
  adminUrl: string,
  secrets: Secrets,
  { graceSeconds, force }: { graceSeconds: number; force: boolean },
): Promise<KeySummary[]> {
  return withClient(adminUrl, 'signing keys', (client) =>
    inTurn(client, async () => {
      if (!force) await assertPreviousIsDone(client, graceSeconds);
      await client.query(`DELETE FROM signing_keys WHERE state = 'previous'`);
      await client.query(
        `UPDATE signing_keys SET state = 'previous', state_since = now() WHERE state = 'current'`,
      );
      await client.query(
        `UPDATE signing_keys SET state = 'current', state_since = now() WHERE state = 'next'`,
      );
      await insertKey(client, 'next', secrets);
      return summaries(client);
    }),
  );
}

export async function listSigningKeys(adminUrl: string): Promise<KeySummary[]> {
  return withClient(adminUrl, 'signing keys', summaries);
}

/** Runs work in a transaction that excludes all others of this kind. */
async function inTurn<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('signing keys', 0))`);
  const result = await work();
  await client.query('COMMIT'); // after an error the connection closes, and PostgreSQL rolls back
  return result;
}

async function assertPreviousIsDone(client: ClientBase, graceSeconds: number): Promise<void> {
  const { rows } = await client.query<{ wait: number }>(
    `SELECT ceil(extract(epoch FROM state_since + make_interval(secs => $1) - now()))::int AS wait
     FROM signing_keys WHERE state = 'previous'`,
    [graceSeconds],
  );
  const wait = rows[0]?.wait ?? 0;
  if (wait > 0)
    throw new OperatorError(
      `Tokens of the previous key may still be in use. Rotate again in ${wait} s, or with --force, which ends them.`,
    );
}

async function insertKey(client: ClientBase, state: KeyState, secrets: Secrets): Promise<void> {
  const kid = newId();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await client.query(
    'INSERT INTO signing_keys (kid, state, public_jwk, private_key) VALUES ($1, $2, $3, $4)',
    [kid, state, publicKey.export({ format: 'jwk' }), sealKey(kid, privateKey, secrets)],
  );
}

async function summaries(client: ClientBase): Promise<KeySummary[]> {
  const { rows } = await client.query<KeySummary>(
    `SELECT kid, state, created_at AS "createdAt", state_since AS "stateSince"
     FROM signing_keys ORDER BY array_position(ARRAY['next', 'current', 'previous'], state)`,
  );
  return rows;
}

function isOurs(kid: string, sealed: string, secrets: Secrets): boolean {
  try {
    openSealedKey(kid, sealed, secrets);
    return true;
  } catch {
    return false;
  }
}
