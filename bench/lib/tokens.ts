import { JwtService } from '@nestjs/jwt';
import { newId } from '../../src/common/ids';
import { adminOf, type Installation } from '../../src/database/installation';
import { openSealedKey } from '../../src/database/sealed-key';
import { withClient } from '../../src/database/with-client';
import { ACCESS_TOKEN } from '../../src/public/auth/access-token';

/** Access tokens of the fleet's user, one for each shop, as a login would give them. They end after ten minutes. */
export function accessTokens(installation: Installation, shops: readonly string[]): Promise<string[]> {
  return withClient(adminOf(installation).url, 'bench', async (client) => {
    const sid = newId();
    const { rows: sessions } = await client.query<{ userId: string }>(
      'INSERT INTO sessions (id, user_id) SELECT $1, id FROM users LIMIT 1 RETURNING user_id AS "userId"',
      [sid],
    );
    const { rows: keys } = await client.query<{ kid: string; sealed: string }>(
      `SELECT kid, private_key AS sealed FROM signing_keys WHERE state = 'current'`,
    );
    const [{ kid, sealed }, { userId }] = [keys[0]!, sessions[0]!]; // an installation has one, a fleet a user
    const jwt = new JwtService({
      privateKey: openSealedKey(kid, sealed, installation.secrets),
      signOptions: {
        algorithm: ACCESS_TOKEN.algorithm,
        issuer: ACCESS_TOKEN.issuer,
        expiresIn: ACCESS_TOKEN.lifetime,
        keyid: kid,
      },
    });
    return shops.map((shop_id) => jwt.sign({ sub: userId, sid, typ: ACCESS_TOKEN.type, shop_id }));
  });
}
