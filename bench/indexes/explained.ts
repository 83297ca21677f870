import { openSync, readSync, fstatSync } from 'node:fs';
import path from 'node:path';
import type { Env } from '../../src/config/env';
import { quoteIdent } from '../../src/database/identifiers';
import { adminOf, type Installation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';

/** The fields in use of a node of EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON). */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Scan Direction'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

export interface Explained {
  'Query Text': string;
  Plan: PlanNode;
}

/** Makes every new connection log the plan of every statement, including those of triggers. */
export async function explainEverything(installation: Installation): Promise<void> {
  const settings = {
    session_preload_libraries: 'auto_explain',
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_buffers': 'on',
    'auto_explain.log_timing': 'off',
    'auto_explain.log_nested_statements': 'on',
    'auto_explain.log_format': 'json',
  };
  await withClient(adminOf(installation).bootstrapUrl, 'bench', async (client) => {
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    const database = quoteIdent(rows[0]!.name); // SELECT without a table returns one row
    for (const [name, value] of Object.entries(settings))
      await client.query(`ALTER DATABASE ${database} SET ${name} = '${value}'`);
    // The superuser fills the shop; its million foreign-key checks are of no interest.
    await client.query(
      `ALTER ROLE CURRENT_USER IN DATABASE ${database} SET auto_explain.log_min_duration = '-1'`,
    );
  });
}

/** Reads the log entries since the last call. A backend writes its entry before it answers. */
export class ExplainedLog {
  private readonly file: number;
  private at = 0;

  constructor({ DATA_DIR }: Env) {
    this.file = openSync(path.join(DATA_DIR, 'postgres', 'server.log'), 'r');
  }

  /** An entry is a line that ends with `plan:`, followed by lines of JSON that begin with a tab. */
  next(): Explained[] {
    const buffer = Buffer.alloc(fstatSync(this.file).size - this.at);
    this.at += readSync(this.file, buffer, 0, buffer.length, this.at);
    const entries = buffer
      .toString('utf8')
      .split(/ plan:\n/)
      .slice(1);
    return entries.map((entry) => {
      const lines = entry.split('\n');
      const end = lines.findIndex((line) => !line.startsWith('\t'));
      return JSON.parse(lines.slice(0, end).join('\n')) as Explained;
    });
  }
}
