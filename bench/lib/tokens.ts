import { JwtService } from '@nestjs/jwt';
import { newId } from '../../src/common/ids';
import { adminOf, type Installation } from '../../src/database/installation';
import { openSealedKey } from '../../src/database/sealed-key';
import { withClient } from '../../src/database/with-client';
import { ACCESS_TOKEN } from '../../src/public/auth/access-token';

/** Access tokens of the fleet's user, one per shop, each with a session of its own. They expire after ten minutes. */
export function accessTokens(installation: Installation, shops: readonly string[]): Promise<string[]> {
  return withClient(adminOf(installation).url, 'bench', async (client) => {
    const sessions = shops.map(newId);
    const { rows: users } = await client.query<{ id: string }>('SELECT id FROM users LIMIT 1');
    const { id: sub } = users[0]!; // a fleet has a user
    await client.query('INSERT INTO sessions (id, user_id) SELECT unnest($1::uuid[]), $2', [sessions, sub]);
    const { rows: keys } = await client.query<{ kid: string; sealed: string }>(
      `SELECT kid, private_key AS sealed FROM signing_keys WHERE state = 'current'`,
    );
    const { kid, sealed } = keys[0]!; // an installation has one
    const jwt = new JwtService({
      privateKey: openSealedKey(kid, sealed, installation.secrets),
      signOptions: {
        algorithm: ACCESS_TOKEN.algorithm,
        issuer: ACCESS_TOKEN.issuer,
        expiresIn: ACCESS_TOKEN.lifetime,
        keyid: kid,
      },
    });
    return shops.map((shop_id, i) => jwt.sign({ sub, sid: sessions[i], typ: ACCESS_TOKEN.type, shop_id }));
  });
}
