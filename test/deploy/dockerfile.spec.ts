import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { SETTING_NAMES } from '../../src/config/env';

const ROOT = path.join(__dirname, '..', '..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

interface Instruction {
  name: string;
  value: string;
}

/** Instructions of each stage; a line that ends in a backslash goes on in the next one. */
const stages: Instruction[][] = [];
for (const line of read('deploy/Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter(Boolean)) {
  const [, name, value] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
  if (name === 'FROM') stages.push([]);
  stages.at(-1)!.push({ name: name!, value: value! });
}
const [build, image] = stages as [Instruction[], Instruction[]];

const valuesOf = (name: string, stage = image) =>
  stage.filter((instruction) => instruction.name === name).map(({ value }) => value);
const pairsOf = (name: string) =>
  valuesOf(name).flatMap((value) =>
    [...value.matchAll(/(\S+?)=("[^"]*"|\S+)/g)].map(([, key, of]) => [key!, of!]),
  );

describe('deploy/Dockerfile', () => {
  it('builds and runs on the same pinned version of Node, of the line in .nvmrc', () => {
    const bases = stages.map((stage) => valuesOf('FROM', stage)[0]!.split(' ')[0]!);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(new RegExp(`^node:${read('.nvmrc').trim()}\\.\\d+\\.\\d+-trixie-slim$`));
  });

  it('takes nothing from the build but the packed program', () => {
    expect(valuesOf('COPY')).toEqual(['--from=build /app /app']);
    expect(valuesOf('ADD')).toEqual([]);
    expect(valuesOf('RUN', build).at(-1)).toContain('npm run -s pack -- /app');
  });

  it('runs as a numbered user that is not root, from the end of its build on', () => {
    expect(valuesOf('USER')).toEqual([expect.stringMatching(/^[1-9]\d+:[1-9]\d+$/)]);
    const names = image.map(({ name }) => name);
    expect(names.slice(names.indexOf('USER'))).not.toContain('RUN');
  });

  it('writes to volumes only', () => {
    const volumes = JSON.parse(valuesOf('VOLUME')[0]!) as string[];
    expect(volumes).toEqual([Object.fromEntries(pairsOf('ENV'))['DATA_DIR'], '/tmp']);
  });

  it('starts the packed script without a shell or npm, and is found there', () => {
    expect(valuesOf('ENTRYPOINT')).toEqual(['["stoa"]']);
    expect(valuesOf('CMD')).toEqual([]);
    expect(Object.fromEntries(pairsOf('ENV'))['PATH']).toMatch(/^\/app:/);
  });

  it('names only settings', () => {
    const names = pairsOf('ENV').map(([name]) => name);
    expect(names.filter((name) => ![...SETTING_NAMES, 'NODE_ENV', 'PATH'].includes(name!))).toEqual([]);
  });

  it('has labels with the version of the project', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(valuesOf('ARG')).toContain(`VERSION=${version}`);
    const labels = pairsOf('LABEL').map(([name]) => name);
    for (const name of ['title', 'description', 'version', 'revision'])
      expect(labels).toContain(`org.opencontainers.image.${name}`);
  });

  it.each([
    [200, 0],
    [503, 1],
  ])('checks its health: %s is exit code %s', async (status, code) => {
    const check = valuesOf('HEALTHCHECK')[0]!;
    const [node, ...args] = JSON.parse(check.slice(check.indexOf('['))) as string[];
    expect(node).toBe('node');
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/health/live' ? status : 404).end(),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const child = spawn(process.execPath, args, { env: { PORT: String(port) } });
    expect(await once(child, 'exit')).toEqual([code, null]);
    server.close();
  });
});

describe('.dockerignore', () => {
  it('excludes all but named files', () => {
    const lines = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines[0]).toBe('*');
    expect(lines.slice(1).filter((line) => !/^![\w.-]+$/.test(line))).toEqual([]);
    expect(lines.filter((line) => /env|data|node_modules|^!dist/.test(line))).toEqual([]);
  });
});
