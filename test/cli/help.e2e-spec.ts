import { runCli } from '../support/program';

describe('commands', () => {
  it('are listed in alphabetical order', async () => {
    const { code, stdout } = await runCli(['--help']);
    const names = [...stdout.matchAll(/^ {2}([a-z]+:[a-z-]+)/gm)].map(([, name]) => name);
    expect([code, names]).toEqual([0, names.toSorted((a, b) => a!.localeCompare(b!))]);
    expect(names).toContain('shops:list');
  });

  it('say how to find the right one in place of an unknown one', async () => {
    const { code, stdout, stderr } = await runCli(['shops:lists']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n').length).toBeLessThan(6);
    expect(stderr).toContain('shops:list');
  });

  it('show their own options after a wrong one', async () => {
    expect((await runCli(['shops:list', '--what'])).stderr).toContain('--status <status>');
  });
});
