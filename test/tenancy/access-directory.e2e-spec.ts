import { PublicDatabase } from '../../src/database/control-database';
import { AccessDirectory } from '../../src/tenancy/access-directory';
import { NotAMember } from '../../src/tenancy/tenancy.errors';
import { withClient } from '../support/database';
import { newOwner, newUser } from '../support/factories';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp();
const directory = () => app.app.get(AccessDirectory, { strict: false });
const blocked = () =>
  app.database.query(`SELECT FROM pg_locks WHERE NOT granted AND relation = 'public.memberships'::regclass`);

afterEach(() => jest.restoreAllMocks());

describe('AccessDirectory', () => {
  it('asks once for requests that come at once', async () => {
    const { user, shop } = await newOwner(app.api);
    const read = jest.spyOn(app.app.get(PublicDatabase, { strict: false }), 'read'); // counts, and calls through
    const grants = await Promise.all(Array.from({ length: 50 }, () => directory().enter(user.id, shop.id)));
    expect(read).toHaveBeenCalledTimes(1);
    expect(new Set(grants.map(({ shopId, memberRole }) => `${shopId} ${memberRole}`))).toEqual(
      new Set([`${shop.id} owner`]),
    );
  });

  it('takes no denial from another request, which may have asked before a change', async () => {
    const { shop } = await newOwner(app.api);
    const { id } = await newUser(app.api);
    await withClient(app.database.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE memberships IN ACCESS EXCLUSIVE MODE');
      const before = directory()
        .enter(id, shop.id)
        .catch((error: unknown) => error);
      await until(blocked, ({ length }) => length === 1);
      await client.query(`INSERT INTO memberships (user_id, shop_id, role) VALUES ($1, $2, 'staff')`, [
        id,
        shop.id,
      ]);
      const after = directory().enter(id, shop.id);
      await client.query('COMMIT');
      expect(await before).toBeInstanceOf(NotAMember);
      expect(await after).toMatchObject({ shopId: shop.id, memberRole: 'staff' });
    });
  });
});
