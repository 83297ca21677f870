import { KIT } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { assertClean, printLoad, runLoad } from './load';
import { openShops } from './shops';

const TEN_MINUTES = 600_000;
const app = useTestApp({ TENANT_POOL_SIZE: '10' });

describe('mixed requests of many shops at once', () => {
  it(
    'never carry a row of another shop',
    async () => {
      const options = { ...KIT, url: app.url, shops: await openShops(app.api, KIT.shops) };
      const report = await runLoad(options);
      printLoad('interleaved load', options, report);
      assertClean(report);
    },
    TEN_MINUTES,
  );
});
