import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { finish, type Finished, scratchFolder, spawnProgram } from '../support/program';

const folder = scratchFolder();
const start = (env: Record<string, string>): Promise<Finished> =>
  finish(spawnProgram('main', [], { env: { DATA_DIR: path.join(folder, 'data'), ...env } }));

describe('npm start', () => {
  it.each(['1', '2'])('reports once that its port is in use, with WORKERS=%s', async (workers) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await start({ PORT: String(port), WORKERS: workers });
    other.close();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is used .*PORT.*\\n$`));
  });

  it.each(['1', '2'])(
    'reports once that the port of its metrics is in use, with WORKERS=%s',
    async (workers) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      const { code, stdout, stderr } = await start({
        PORT: '0',
        METRICS_PORT: String(port),
        WORKERS: workers,
      });
      other.close();
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is used .*METRICS_PORT.*\\n$`));
    },
  );

  it('names the setting of a folder that cannot be used', async () => {
    const file = path.join(folder, 'no-folder');
    writeFileSync(file, '');
    const { code, stdout, stderr } = await start({ PORT: '0', DATA_DIR: file });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Set DATA_DIR .*no-folder/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
