import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SRC = path.join(__dirname, '..', 'src');

/** Folders from the top down: a file may import from its own folder and from those after it. */
const LAYERS = [
  ...(['entry', 'app', 'operator', 'public', 'tenant/transfer', 'tenant', 'cli'] as const),
  ...([
    'operations/lifecycle',
    'operations/migrator',
    'operations/drift/repair',
    'operations/drift',
    'operations/lint',
    'operations/pool-shape',
    'operations',
  ] as const),
  ...(['tenancy', 'database', 'http', 'files', 'config', 'common'] as const),
] as const;
type Layer = (typeof LAYERS)[number];

/** Beyond the order of layers. */
const FORBIDDEN: Record<string, readonly string[]> = {
  operator: ['tenant'],
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
  isType: boolean;
}

const files = (readdirSync(SRC, { recursive: true }) as string[]).filter((file) => /\.ts$/.test(file));
const sources = files.filter((file) => !file.endsWith('.spec.ts'));
const textOf = new Map(sources.map((file) => [file, readFileSync(path.join(SRC, file), 'utf8')]));

/** The deepest folder of the list that the file is in; a folder that is not listed belongs to the one above it. */
function layerOf(file: string): Layer {
  const folders = file.split(path.sep).slice(0, -1);
  if (folders.length === 0) return 'entry';
  const names = folders.map((_, i) => folders.slice(0, i + 1).join('/')).toReversed();
  return names.find((name) => LAYERS.includes(name as Layer)) as Layer;
}

const sideOf = (file: string) => layerOf(file).split('/')[0]!;

function importsOf(file: string): Import[] {
  const matches = textOf
    .get(file)!
    .matchAll(/(?<!')\b(import type [^']*?from|from|import)(?:\s+|\s*\(\s*)'([^']+)'/g);
  return [...matches].map(([, keyword, specifier]) => ({
    file,
    from: specifier!.startsWith('.')
      ? path.join(path.dirname(file), specifier!).replace(/\.js$/, '')
      : specifier!,
    isType: keyword!.startsWith('import type'),
  }));
}

const imports = sources.flatMap(importsOf);
const own = imports.filter(({ from }) => textOf.has(`${from}.ts`));
const isEntity = (from: string) => from.endsWith('.entity');
const show = ({ file, from }: Import) => `${file} imports ${from}`;

/** Files that can be reached from themselves, as one text for each circle. */
function circles(): string[] {
  const next = new Map(sources.map((file) => [file, [] as string[]]));
  for (const { file, from } of own) next.get(file)!.push(`${from}.ts`);
  const reach = (start: string) => {
    const seen = new Set<string>();
    const open = [...next.get(start)!];
    for (let file = open.pop(); file !== undefined; file = open.pop())
      if (!seen.has(file)) {
        seen.add(file);
        open.push(...next.get(file)!);
      }
    return seen;
  };
  return sources.filter((file) => reach(file).has(file));
}

function linesWith(pattern: RegExp, isExempt: (file: string) => boolean): string[] {
  return sources
    .filter((file) => !isExempt(file))
    .flatMap((file) => (pattern.test(textOf.get(file)!) ? [`${file}: ${String(pattern)}`] : []));
}

describe('source files', () => {
  it('are all in a known folder', () => {
    expect(sources.filter((file) => layerOf(file) === undefined)).toEqual([]);
    expect(sources.length).toBeGreaterThan(50);
  });

  it('import only downwards', () => {
    const upward = own.filter(({ file, from }) => {
      const other = `${from}.ts`;
      const isAbove = LAYERS.indexOf(layerOf(other)) < LAYERS.indexOf(layerOf(file));
      return isAbove || FORBIDDEN[sideOf(file)]?.includes(sideOf(other));
    });
    expect(upward.map(show)).toEqual([]);
  });

  it('import nothing that imports them', () => {
    expect(own.length).toBeGreaterThan(500);
    expect(circles()).toEqual([]);
  });

  it('reach the entities of another side only from the map', () => {
    const crossing = own.filter(({ file, from }) => {
      if (!isEntity(from)) return false;
      const [side, other] = [sideOf(file), sideOf(`${from}.ts`)];
      return side !== other && side !== 'app' && !(side === 'public' && other === 'tenancy');
    });
    expect(crossing.map(show)).toEqual([]);
  });

  it('keep entities free of all but typeorm, other entities, their descriptions and types of the engine', () => {
    const heavy = imports.filter(
      ({ file, from, isType }) =>
        /\.entity\.ts$/.test(file) &&
        from !== 'typeorm' &&
        from !== path.join('tenancy', 'described.decorator') &&
        !isEntity(from) &&
        !(isType && sideOf(`${from}.ts`) === 'tenancy'),
    );
    expect(heavy.map(show)).toEqual([]);
  });

  it('know roles, schemas and pools only in the engine and the database folder', () => {
    const isEngine = (file: string) => ['operations', 'tenancy', 'database'].includes(sideOf(file));
    const pattern = /\b(DataSource|Pool|createQueryRunner|search_path|SET (LOCAL )?ROLE|set_config)\b/;
    expect(linesWith(pattern, isEngine)).toEqual([]);
  });

  it('never inject a repository or the raw manager', () => {
    expect(linesWith(/@nestjs\/typeorm|InjectRepository|InjectEntityManager/, () => false)).toEqual([]);
  });

  it('use the tenant controller decorator on the tenant side', () => {
    expect(linesWith(/@Controller\b/, (file) => sideOf(file) !== 'tenant')).toEqual([]);
  });

  it('inject TenantConnection only into services of the tenant side; jobs and operations make one for their shop', () => {
    const isAllowed = (file: string) =>
      sideOf(file) === 'tenancy' ||
      /^tenant.*\.service\.ts$/.test(file) ||
      file.startsWith(path.join('operations', 'tenant-jobs')) ||
      file === path.join('operations', 'lifecycle', 'member-operations.ts');
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
