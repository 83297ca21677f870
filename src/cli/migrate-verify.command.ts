import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { OperatorError } from '../common/report';
import type { Installation } from '../database/installation';
import { repairScript } from '../operations/drift/repair/repair-script';
import { type Verified, verify } from '../operations/drift/verify';
import { type CommandContext, print } from './command-context';

interface Options {
  only?: string[];
  json?: boolean;
  repair?: string;
}

const STANDARD_OUTPUT = '-';

export function addMigrateVerify(program: Command, context: CommandContext): void {
  program
    .command('migrate:verify')
    .description('compare every shop with a fresh one of its version; exits 1 if one differs')
    .option('--only <slug|id,…>', 'only these shops', (text) => text.split(','))
    .option('--json', 'print findings as one JSON document')
    .option('--repair <file>', 'write the SQL that would repair them; - for standard output')
    .action((options: Options) => {
      if (options.json && options.repair === STANDARD_OUTPUT)
        throw new OperatorError(
          '--json and --repair - both write to standard output: use one of them, or --repair <file>.',
        );
      return context.withUntouchedInstallation(async (installation) => {
        const { only } = options;
        const verified = await verify(installation, only === undefined ? {} : { only });
        if (options.json) printJson(verified);
        else report(verified, options.repair === STANDARD_OUTPUT ? process.stderr : process.stdout);
        if (options.repair !== undefined) await write(installation, verified, options.repair);
        if (verified.findings.length > 0) process.exitCode = 1;
      });
    });
}

function printJson({ tenants, versions, findings }: Verified): void {
  print(JSON.stringify({ tenants, versions, findings }, null, 2));
}

function report({ tenants, versions, findings, drifts }: Verified, stream: NodeJS.WritableStream): void {
  for (const { shop, check, object, detail } of findings)
    stream.write(`${shop}  ${check}  ${object}: ${detail}\n`);
  stream.write(`${tenants} tenant(s) at ${versions.length} version(s): ${drifts.length} differ\n`);
}

async function write({ roles, server }: Installation, { drifts }: Verified, file: string): Promise<void> {
  const script = repairScript(drifts, roles, server.description);
  if (file === STANDARD_OUTPUT) for (const line of script) print(line);
  else await pipeline(Readable.from(linesOf(script)), createWriteStream(file));
}

function* linesOf(script: Iterable<string>): Generator<string> {
  for (const line of script) yield `${line}\n`;
}
