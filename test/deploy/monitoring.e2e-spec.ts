import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../src/database/server/free-port';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner } from '../support/factories';
import { type RunningServer, scratchFolder, startServer } from '../support/program';
import { ALERTS, GONE, HEALTHY, type Series } from './alert-cases';
import { findProgram } from './find-program';
import { documentsOf } from './yaml';

const ROOT = path.join(__dirname, '..', '..');
const RULES = path.join(ROOT, 'deploy', 'prometheus', 'alerts.yml');
const CONFIG = path.join(ROOT, 'deploy', 'prometheus', 'prometheus.yml');
const page = readFileSync(path.join(ROOT, 'docs', 'metrics.md'), 'utf8');
const dashboard = readFileSync(path.join(ROOT, 'deploy', 'grafana', 'stoa.json'), 'utf8');

interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
const rules = (documentsOf('prometheus/alerts.yml') as { groups: { rules: Rule[] }[] }[]).flatMap(
  ({ groups }) => groups.flatMap((group) => group.rules),
);

const run = promisify(execFile);
const PROMTOOL = findProgram('promtool');
if (PROMTOOL === undefined)
  process.stdout.write(
    'skipped, promtool (Debian: prometheus) is not installed: its checks of deploy/prometheus\n',
  );

let database: TestDatabase;
let server: RunningServer;
let scrape: string;

/** A scrape of a program that has answered, refused and failed. */
beforeAll(async () => {
  database = await createTestDatabase();
  const port = await freePort();
  const env = { DATABASE_URL: database.url, METRICS_PORT: String(port), LOGIN_ATTEMPTS_PER_ACCOUNT: '1' };
  server = await startServer({ env });
  const owner = await newOwner(server.api);
  await owner.api.get('products');
  const wrong = { email: owner.email, password: 'not the password' };
  for (let i = 0; i < 2; i++) await server.api.post('auth/login', wrong);
  scrape = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
});
afterAll(async () => {
  await server.end('SIGKILL');
  await database.drop();
});

/** Labels of each metric of the scrape, in alphabetical order, and its type. */
function reported(): Map<string, { type: string; labels: string[] }> {
  const types = [...scrape.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Map(
    types.map(([, name, type]) => {
      const series = new RegExp(`^${name}(?:_bucket|_sum|_count)?(?:{(.*)})? `, 'gm');
      const found = [...scrape.matchAll(series)].flatMap(([, labels = '']) =>
        [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!),
      );
      const labels = [...new Set(found)]
        .filter((label) => label !== 'le')
        .toSorted((a, b) => (a < b ? -1 : 1));
      return [name!, { type: type!, labels }];
    }),
  );
}

/** Names of metrics in an expression, without the endings of a histogram's series. */
function metricsIn(expression: string): string[] {
  return [...expression.matchAll(/\b(?:stoa|process|nodejs)_\w+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );
}

/** Conditions on labels in an expression, by metric: `stoa_jobs{state="dead"}`. */
function matchersIn(expression: string): { metric: string; label: string }[] {
  return [...expression.matchAll(/\b((?:stoa|nodejs|process)_\w+){([^}]*)}/g)].flatMap(
    ([, name, conditions]) =>
      [...conditions!.matchAll(/(\w+)(?:=|!=|=~|!~)"/g)].map(([, label]) => ({
        metric: name!.replace(/_(bucket|sum|count)$/, ''),
        label: label!,
      })),
  );
}

const expressions = () => [
  ...rules.map(({ expr }) => expr),
  ...(JSON.parse(dashboard) as { panels: { targets?: { expr: string }[] }[] }).panels.flatMap(
    ({ targets = [] }) => targets.map(({ expr }) => expr),
  ),
];

describe('docs/metrics.md', () => {
  it('names the metrics of a program, with their types and labels', () => {
    const rows = [...page.matchAll(/^\| `(stoa_\w+)(?:{([\w,]*)})?`\s*\| (\w+)\s*\|/gm)];
    const documented = rows.map(([, name, labels = '', type]) => [
      name,
      { type, labels: labels.split(',').filter(Boolean) },
    ]);
    const own = [...reported()].filter(([name]) => name.startsWith('stoa_'));
    expect(own.length).toBeGreaterThan(20);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(own));
  });
});

describe('dashboard and alerts', () => {
  it('name only metrics that a program reports, and labels that these have', () => {
    const known = reported();
    expect(expressions().length).toBeGreaterThan(50);
    expect(
      expressions()
        .flatMap(metricsIn)
        .filter((name) => !known.has(name)),
    ).toEqual([]);
    const ofScrape = ['job', 'instance'];
    const unknown = expressions()
      .flatMap(matchersIn)
      .filter(({ metric, label }) => ![...known.get(metric)!.labels, ...ofScrape].includes(label));
    expect(unknown).toEqual([]);
  });

  it('show every metric that the page names', () => {
    const shown = new Set(expressions().flatMap(metricsIn));
    expect([...reported().keys()].filter((name) => name.startsWith('stoa_') && !shown.has(name))).toEqual([]);
  });

  it('have a test for each alert, and a page that exists', () => {
    expect(rules.map(({ alert }) => alert)).toEqual(Object.keys(ALERTS));
    for (const { annotations } of rules) {
      const [file, anchor] = annotations['runbook']!.split('#') as [string, string | undefined];
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
        heading!
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .replaceAll(' ', '-'),
      );
      expect(anchor === undefined || anchors.includes(anchor) ? '' : `${file}#${anchor}`).toBe('');
    }
  });
});

(PROMTOOL === undefined ? describe.skip : describe)('promtool', () => {
  it('finds no fault in the configuration, the rules and a scrape', async () => {
    await run(PROMTOOL!, ['check', 'config', CONFIG]);
    await run(PROMTOOL!, ['check', 'rules', RULES]);
    // The metrics of the process itself are prom-client's, whose names promtool does not like.
    const own = scrape.split('\n\n').filter((metric) => metric.startsWith('# HELP stoa_'));
    const checking = run(PROMTOOL!, ['check', 'metrics']);
    checking.child.stdin!.end(`${own.join('\n')}\n`);
    expect(await checking).toEqual({ stdout: '', stderr: '' });
  });

  it('sees each alert fire for its reason, and none without', async () => {
    const folder = scratchFolder();
    const file = path.join(folder, 'alerts-test.json'); // JSON is YAML
    const fired = Object.entries(ALERTS).map(([alert, { series, labels }]) =>
      testOf({ ...HEALTHY, ...series }, { alert, labels: labels ?? {} }),
    );
    const gone = testOf(GONE, { alert: 'StoaDown', labels: { job: 'stoa' } });
    const tests = [testOf(HEALTHY), gone, ...fired];
    writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }));
    try {
      await run(PROMTOOL!, ['test', 'rules', file]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Test of promtool: that one alert fires and no other, or none. */
function testOf(series: Series, firing?: { alert: string; labels: Record<string, string> }): object {
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: rules.map(({ alert, labels, annotations }) => ({
      eval_time: '90m',
      alertname: alert,
      exp_alerts:
        alert === firing?.alert
          ? [{ exp_labels: { ...labels, ...firing.labels }, exp_annotations: annotations }]
          : [],
    })),
  };
}
