import { z } from 'zod';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import { anonymised } from '../copy/anonymise';
import { withSnapshot } from '../copy/snapshot';
import { without } from '../copy/without';
import { copyImages } from '../copy-images';
import { dropLoaded, type LoadCheckpoint, loadTenant } from '../load-tenant';
import { recordOperationAudit } from '../operation-audit';
import type { OperationKind } from '../operation-kind';
import { type PublishedShop, publishShop } from '../publish-shop';

const input = z.object({
  /** Shop to clone. */
  shop: z.uuid(),
  /** Slug of the clone. */
  as: z.string(),
  /** Name of the clone; by default that of the shop. */
  name: z.string().nullable(),
  /** Tables that stay empty, with those that refer to them. */
  without: z.array(z.string()),
  isAnonymised: z.boolean(),
});

/** Makes a new shop with the data and the images that a shop has now. */
export const cloneKind: OperationKind<z.infer<typeof input>, LoadCheckpoint> = {
  name: 'clone',
  input,
  async run(run, wanted, checkpoint) {
    if (checkpoint.result !== undefined) return checkpoint.result;
    const { installation } = run.tools;
    const { tenantId, loaded } = await loadTenant(
      run,
      checkpoint,
      (work) =>
        withSnapshot(installation, wanted.shop, async (data) => {
          const rest = without(data, wanted.without);
          if (!wanted.isAnonymised) return work(rest);
          const secret = installation.secrets.derive('anonymise');
          return work(await anonymised(rest, await run.tools.describedTables(), secret));
        }),
      wanted.shop,
    );
    const copied = await copyImages(run, tenantId, { from: wanted.shop, to: tenantId }, () =>
      run.save({ tenantId, loaded, hasFiles: true } satisfies Partial<LoadCheckpoint>),
    );
    run.report({ step: 'publish' });
    const { shop, members, snapshotAt } = loaded.header;
    const rows = Object.values(loaded.tables).reduce((sum, table) => sum + table.rows, 0);
    return withClient(adminOf(installation).url, 'clone', async (client) => {
      let result: object = {};
      const record = async (published: PublishedShop) => {
        const details = {
          into: published.slug,
          intoId: published.id,
          anonymised: wanted.isAnonymised ? 'yes' : 'no',
        };
        await recordOperationAudit(client, run.operation, 'shop.cloned', wanted.shop, details);
        result = { ...published, rows, snapshotAt, ...copied };
        await run.save({ tenantId, loaded, result } satisfies LoadCheckpoint, client);
      };
      const { as: slug } = wanted;
      const published = { ...shop, slug, name: wanted.name ?? shop.name, members };
      await publishShop(client, run, tenantId, published, 'shop.cloned', record);
      return result;
    });
  },
  undo: (run, _wanted, checkpoint) => dropLoaded(run, checkpoint),
};
