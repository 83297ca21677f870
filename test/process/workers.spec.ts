import cluster from 'node:cluster';
import pino from 'pino';
import { Workers } from '../../src/app/workers';
import { until } from '../support/until';

describe('workers that cannot be forked', () => {
  it('fail a start, and are retried by a running server', async () => {
    const lines: string[] = [];
    const workers = new Workers(1, pino({}, { write: (line: string) => void lines.push(line) }));
    cluster.setupPrimary({ cwd: '/no/such/folder' }); // the system refuses, as if no more processes were allowed
    await expect(workers.start()).rejects.toThrow('A worker did not start');
    await until(
      () => Promise.resolve(lines.length),
      (count) => count === 2,
    );
    await workers.stop();
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ event: 'worker.ended', err: { code: 'ENOENT' } });
  });
});
