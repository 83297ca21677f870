import http from 'node:http';
import type { Api } from '../support/api';
import { newOwner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { until, untilTrue } from '../support/until';

const app = useTestApp();
const CSV = 'Handle,Title,Variant Price\nmug,Mug,5\n';
const send = (api: Api) => api.raw('POST', 'products/import', CSV as never, { 'content-type': 'text/csv' });

/** Begins an upload that never ends by itself. */
function stalled(token: string, onStatus: (status?: number) => void): http.ClientRequest {
  const headers = {
    ...{ authorization: `Bearer ${token}`, 'content-type': 'text/csv', 'content-length': 100_000 },
  };
  const request = http.request(`${app.url}/api/v1/products/import`, { method: 'POST', headers });
  request.on('error', () => undefined); // it is destroyed below
  request.on('response', (response) => onStatus(response.resume().statusCode));
  request.write(CSV);
  return request;
}

describe('uploads that do not end', () => {
  it('are eight of a shop at most, and leave other shops alone', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const refused: (number | undefined)[] = [];
    const requests = Array.from({ length: 10 }, () =>
      stalled(owner.accessToken, (status) => refused.push(status)),
    );
    try {
      await untilTrue(() => refused.length === 2);
      expect(refused).toEqual([429, 429]);
      const answer = await send(owner.api);
      expect([problemIn(answer), answer.headers.get('retry-after')]).toEqual(['429 TOO_MANY_REQUESTS', '2']);
      expect(answer.headers.get('ratelimit')).toBeNull(); // refused before anything counts or authenticates it
      expect((await owner.api.get('products')).status).toBe(200);
      expect((await send(other.api)).status).toBe(200);
    } finally {
      for (const request of requests) request.destroy();
    }
    await until(
      () => send(owner.api),
      ({ status }) => status === 200,
    );
  });
});
