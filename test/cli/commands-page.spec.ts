import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { addAppCommands } from '../../src/app/app-commands';
import { addCommands } from '../../src/cli';
import { CommandContext } from '../../src/cli/command-context';

const ROOT = path.join(__dirname, '..', '..');
const page = readFileSync(path.join(ROOT, 'docs', 'commands.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

const program = new Command();
const context = new CommandContext(() => Promise.reject(new Error('no command runs here')));
addCommands(program, context);
addAppCommands(program, context);

/** Text below the heading of each command. */
const sections = new Map(
  page.split(/^### /m).map((text) => [text.split('\n')[0]!, text.split(/^## /m)[0]!] as const),
);

/** Scripts named in a row: the first by `npm run`, further ones by their bare names. */
const named = [...page.matchAll(/^\| (`npm [^|]*) \|/gm)]
  .flatMap(([, cell]) => [...cell!.matchAll(/`(?:npm (?:run )?)?([a-z0-9:-]+)[^`]*`/g)])
  .map(([, name]) => name!);

describe('docs/commands.md', () => {
  it.each(program.commands.map((command) => ({ name: command.name(), command })))(
    'explains $name with exactly its options',
    ({ name, command }) => {
      const documented = [...sections.get(name)!.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, option]) => option);
      expect(documented).toEqual(command.options.map(({ long }) => long));
    },
  );

  it('names every script of package.json, and no script that does not exist', () => {
    const commands = program.commands.map((command) => command.name());
    const own = Object.keys(scripts).filter((name) => !name.startsWith('pre'));
    const shown = [
      ...named,
      ...own.filter((name) => commands.includes(name)), // a script of a command has the command's section
      ...own.filter((name) => name.startsWith('migration:generate:') && page.includes(`npm run ${name} `)),
    ];
    expect([...new Set(shown)].toSorted()).toEqual(own.toSorted());
  });
});
