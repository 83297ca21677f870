import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SRC = path.join(__dirname, '..', 'src');

/** Folders from the top down: a file may import from its own folder and from those after it. */
const LAYERS = [
  ...(['entry', 'app', 'public', 'tenant', 'cli'] as const),
  ...(['operations', 'tenancy', 'database', 'http', 'config', 'common'] as const),
] as const;
type Layer = (typeof LAYERS)[number];

/** Beyond the order of layers. */
const FORBIDDEN: Partial<Record<Layer, readonly Layer[]>> = {
  public: ['tenant'],
  tenant: ['public'],
  cli: ['tenant', 'public', 'http'],
  operations: ['http'],
  tenancy: ['http'],
  database: ['http'],
};

interface Import {
  file: string;
  from: string;
}

const files = (readdirSync(SRC, { recursive: true }) as string[]).filter((file) => /\.ts$/.test(file));
const sources = files.filter((file) => !file.endsWith('.spec.ts'));
const textOf = new Map(sources.map((file) => [file, readFileSync(path.join(SRC, file), 'utf8')]));

function layerOf(file: string): Layer {
  const [folder, rest] = file.split(path.sep);
  return rest === undefined ? 'entry' : (folder as Layer);
}

function importsOf(file: string): Import[] {
  const specifiers = [...textOf.get(file)!.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    (match) => match[1]!,
  );
  return specifiers.map((specifier) => ({
    file,
    from: specifier.startsWith('.') ? path.join(path.dirname(file), specifier) : specifier,
  }));
}

const imports = sources.flatMap(importsOf);
const isEntity = (from: string) => from.endsWith('.entity');
const show = ({ file, from }: Import) => `${file} imports ${from}`;

function linesWith(pattern: RegExp, isExempt: (file: string) => boolean): string[] {
  return sources
    .filter((file) => !isExempt(file))
    .flatMap((file) => (pattern.test(textOf.get(file)!) ? [`${file}: ${String(pattern)}`] : []));
}

describe('source files', () => {
  it('are all in a known folder', () => {
    expect(sources.map(layerOf).filter((layer) => !LAYERS.includes(layer))).toEqual([]);
    expect(sources.length).toBeGreaterThan(50);
  });

  it('import only downwards', () => {
    const upward = imports.filter(({ file, from }) => {
      if (!from.includes(path.sep) || isEntity(from) || !files.includes(`${from}.ts`)) return false;
      const [own, other] = [layerOf(file), layerOf(`${from}.ts`)];
      return LAYERS.indexOf(other) < LAYERS.indexOf(own) || FORBIDDEN[own]?.includes(other);
    });
    expect(upward.map(show)).toEqual([]);
  });

  it('reach entities of another side only from the engine', () => {
    const crossing = imports.filter(({ file, from }) => {
      if (!isEntity(from)) return false;
      const [own, other] = [layerOf(file), layerOf(`${from}.ts`)];
      return own !== other && own !== 'app' && !(own === 'tenancy' && other === 'public');
    });
    expect(crossing.map(show)).toEqual([]);
  });

  it('keep entities free of everything but typeorm and other entities', () => {
    const heavy = imports.filter(
      ({ file, from }) => /\.entity\.ts$/.test(file) && from !== 'typeorm' && !isEntity(from),
    );
    expect(heavy.map(show)).toEqual([]);
  });

  it('know roles, schemas and pools only in the engine and the database folder', () => {
    const isEngine = (file: string) => ['operations', 'tenancy', 'database'].includes(layerOf(file));
    const pattern = /\b(DataSource|Pool|createQueryRunner|search_path|SET (LOCAL )?ROLE|set_config)\b/;
    expect(linesWith(pattern, isEngine)).toEqual([]);
  });

  it('never inject a repository or the raw manager', () => {
    expect(linesWith(/@nestjs\/typeorm|InjectRepository|InjectEntityManager/, () => false)).toEqual([]);
  });

  it('use the tenant controller decorator on the tenant side', () => {
    expect(linesWith(/@Controller\b/, (file) => layerOf(file) !== 'tenant')).toEqual([]);
  });

  it('inject TenantConnection only into services of the tenant side', () => {
    const isAllowed = (file: string) => layerOf(file) === 'tenancy' || /^tenant.*\.service\.ts$/.test(file);
    expect(linesWith(/\bTenantConnection\b/, isAllowed)).toEqual([]);
  });

  it('make only TenantConnection request-scoped', () => {
    const isConnection = (file: string) => file === path.join('tenancy', 'tenant-connection.ts');
    expect(linesWith(/Scope\.(REQUEST|TRANSIENT)/, isConnection)).toEqual([]);
  });

  it('read the environment in one file only', () => {
    const isDoor = (file: string) =>
      file === path.join('config', 'env.ts') || file === path.join('cli', 'server-process.ts');
    expect(linesWith(/process\.env/, isDoor)).toEqual([]);
  });

  it('have no barrels and no default exports', () => {
    expect(sources.filter((file) => path.basename(file) === 'index.ts')).toEqual([]);
    expect(linesWith(/export default|export \*/, () => false)).toEqual([]);
  });

  it('stay below 300 lines', () => {
    expect(sources.filter((file) => textOf.get(file)!.split('\n').length > 300)).toEqual([]);
  });
});

describe('migrations', () => {
  it.each(['public', 'tenant'])('of %s import nothing but typeorm', (side) => {
    const folder = path.join(__dirname, '..', 'migrations', side);
    for (const file of readdirSync(folder))
      expect(readFileSync(path.join(folder, file), 'utf8')).not.toMatch(/from '(?!typeorm')/);
  });
});

describe('tenant migrations', () => {
  const folder = path.join(__dirname, '..', 'migrations', 'tenant');
  const migrations = readdirSync(folder).map(
    (file) => [file, readFileSync(path.join(folder, file), 'utf8')] as const,
  );

  it.each(migrations)('%s names no schema', (_file, text) => {
    expect(text).not.toMatch(/\bpublic\b|"\s*\.\s*"|\bshop_[0-9a-f]{32}/);
  });
});
