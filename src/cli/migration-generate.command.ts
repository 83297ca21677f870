import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { OperatorError } from '../common/report';
import { adminOf } from '../database/installation';
import { PUBLIC_MIGRATIONS, TENANT_MIGRATIONS } from '../database/migration-folders';
import { schemaDifference } from '../database/schema-difference';
import { loadMigrations } from '../database/schema-migrations';
import { type CommandContext, print } from './command-context';

type Side = 'public' | 'tenant';
type Entities = Record<Side, EntityTarget<ObjectLiteral>[]>;

const FOLDERS: Record<Side, string> = { public: PUBLIC_MIGRATIONS, tenant: TENANT_MIGRATIONS };
const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/;

/** @param entities of each side, passed in because commands do not import the product */
export function addMigrationGenerate(program: Command, context: CommandContext, entities: Entities): void {
  program
    .command('migration:generate')
    .description('write a migration for the difference between the entities and the migrations')
    .argument('<side>', 'public or tenant', parseSide)
    .argument('<name>', 'such as create-suppliers', parseName)
    .action((side: Side, name: string) =>
      context.withInstallation(async (installation) => {
        const migrations = await loadMigrations(FOLDERS[side]);
        const { up, down } = await schemaDifference(adminOf(installation).url, entities[side], migrations);
        if (up.length === 0)
          throw new OperatorError('Entities and migrations agree; there is nothing to write.');
        const version = Math.max(Date.now(), (migrations.at(-1)?.version ?? 0) + 1);
        const file = path.join('migrations', side, `${version}-${name}.ts`);
        await writeFile(file, migrationSource(`${pascalCase(name)}${version}`, up, down), { flag: 'wx' });
        print(`wrote ${file}: review it before you commit it, then run npm run migration:lint`);
      }),
    );
}

function parseSide(text: string): Side {
  if (text !== 'public' && text !== 'tenant') throw new InvalidArgumentError('Give public or tenant.');
  return text;
}

function parseName(text: string): string {
  if (!NAME.test(text))
    throw new InvalidArgumentError(
      'Give two or more lower-case words joined by hyphens, such as add-season.',
    );
  return text;
}

function pascalCase(name: string): string {
  return name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function migrationSource(className: string, up: string[], down: string[]): string {
  return `import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ${className} implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
${up.map(toCall).join('\n')}
  }

  async down(queryRunner: QueryRunner): Promise<void> {
${down.map(toCall).join('\n')}
  }
}
`;
}

function toCall(sql: string): string {
  const escaped = sql.replace(/[\\`]|\$\{/g, '\\$&');
  return `    await queryRunner.query(\`${escaped}\`);`;
}
