import type { Answer } from '../support/api';
import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const AHEAD = 1900000000000;
const NOT_READY = '503 SHOP_NOT_READY';

const app = useTestApp();
/** Changes what the index says of a shop. */
const index = ({ shop }: Owner, changes: string) =>
  app.database.query(`UPDATE public.tenants SET ${changes} WHERE shop_id = '${shop.id}'`);

function expectNotReady(answer: Answer): void {
  expect(problemIn(answer)).toBe(NOT_READY);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('a shop of which the index says that this program cannot serve it', () => {
  it.each([
    ['is behind', `version = 1, checksum = ''`],
    ['lacks something', `checksum = '${'0'.repeat(32)}'`],
    ['has announced a contract step', `serves_from = ${AHEAD}`],
    ['has had a contract step', `version = ${AHEAD}, serves_from = ${AHEAD}`],
  ])('answers 503 when it %s, alone, and only as long as that holds', async (_, changes) => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const [before] = await app.database.query<{ version: number; checksum: string }>(
      `SELECT version, checksum FROM public.tenants WHERE shop_id = '${owner.shop.id}'`,
    );
    await index(owner, changes);
    expectNotReady(await owner.api.get('products'));
    expect((await other.api.get('products')).status).toBe(200);
    await index(owner, `version = ${before!.version}, checksum = '${before!.checksum}', serves_from = 0`);
    expect((await owner.api.get('products')).status).toBe(200); // nobody remembers a refusal
  });

  it('is served when a newer program took it further and took nothing away', async () => {
    const owner = await newOwner(app.api);
    await index(owner, `version = ${AHEAD}, checksum = '${'0'.repeat(32)}'`);
    expect((await owner.api.get('products')).status).toBe(200);
  });
});
