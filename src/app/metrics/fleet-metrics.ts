import { Registry } from 'prom-client';
import { idAt } from '../../common/ids';
import type { Logger } from '../../common/logger';
import type { Times } from '../../config/times';
import { EngineClient } from '../../database/engine-client';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import { type FleetMetric, fleetMetrics, type FleetRow, samplesIn } from './fleet-queries';
import { expose, type Sample } from './metric';

/** How long figures are kept, milliseconds: two servers of Prometheus cost the database no more than one. */
const KEEP_MS = 5000;
const STATEMENT_MS = 4000;
const ANSWER_MS = 1000;
const DAY_MS = 86_400_000;

/**
 * Figures of the whole installation, read from the tables of `public` on a connection of its own, when somebody asks. One
 * process reads them, whatever the number of workers. While the database is away there are none, and `stoa_database_up` is 0.
 */
export class FleetMetrics {
  private kept: Promise<string> = Promise.resolve('');
  private keptUntil = 0;

  private constructor(
    /** URL of the public login. */
    private readonly url: string,
    private readonly checksum: string,
    private readonly logger: Logger,
    private readonly keepMs: number,
  ) {}

  static async load(url: string, logger: Logger, { metricsKeepMs = KEEP_MS }: Times): Promise<FleetMetrics> {
    return new FleetMetrics(url, (await TenantMigrations.load()).checksum, logger, metricsKeepMs);
  }

  /** In the text format of Prometheus. */
  text(): Promise<string> {
    if (performance.now() < this.keptUntil) return this.kept;
    this.keptUntil = Infinity; // at most one reads
    this.kept = this.read().finally(() => (this.keptUntil = performance.now() + this.keepMs));
    return this.kept;
  }

  private async read(): Promise<string> {
    const metrics = fleetMetrics(this.checksum, idAt(Date.now() - DAY_MS));
    const registry = new Registry();
    let isUp = 1;
    try {
      const found = await this.query(metrics);
      for (const [i, kind] of metrics.entries()) expose(registry, kind, () => found[i]!); // one for each metric
    } catch (error) {
      isUp = 0;
      this.logger.warn({ event: 'metrics.fleet_not_read', err: error });
    }
    expose(
      registry,
      { name: 'stoa_database_up', help: '1 if the figures of the installation were read.', type: 'gauge' },
      () => [{ labels: {}, value: isUp }],
    );
    return registry.metrics();
  }

  /** Values of each metric. A server that is silent for longer than a statement may take is given up. */
  private async query(metrics: readonly FleetMetric[]): Promise<Sample[][]> {
    const client = new EngineClient({
      connectionString: this.url,
      application_name: 'stoa metrics',
      connectionTimeoutMillis: STATEMENT_MS,
      responseTimeoutMs: STATEMENT_MS + ANSWER_MS,
    });
    try {
      await client.connect();
      await client.exec(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${STATEMENT_MS}`);
      const found: Sample[][] = [];
      for (const { sql, values } of metrics)
        found.push(samplesIn((await client.query<FleetRow>(sql, [...(values ?? [])])).rows));
      await client.exec('COMMIT');
      return found;
    } finally {
      await client.end();
    }
  }
}
