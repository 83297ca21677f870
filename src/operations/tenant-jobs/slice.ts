import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error';
import { LOGGER, type Logger } from '../../common/logger';
import { ShopActivity } from '../../database/shop-activity';
import { AccessDirectory } from '../../tenancy/access-directory';
import { JobTaken, JobWork } from '../../tenancy/job-work';
import { NotAMember } from '../../tenancy/tenancy.errors';
import type { TenantAccess } from '../../tenancy/tenant';
import { TenantCache } from '../../tenancy/tenant-cache';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { TenantDatabase } from '../../tenancy/tenant-database';
import { isPassing } from '../passing';
import { JobStore, type TakenJob } from './job-store';
import { TenantJobs } from './tenant-jobs';

/** Jobs that a shop may do before the next shop has its turn, and the time after which no further one begins, milliseconds. */
const JOBS = 10;
const TURN_MS = 1000;
/** Time of one job. A handler that does not end by then can store nothing any more, milliseconds. */
const JOB_MS = 300_000;

/** Errors that a job waits for as well: it acts as an owner, and another may come. */
const ALSO_PASSING = [NotAMember];

/** Jobs of the shop after its turn: some that can begin, none, or some that cannot begin at the moment. */
export type Left = 'more' | 'none' | 'stuck';

/** Services that a turn needs. */
@Injectable()
export class SliceTools {
  constructor(
    readonly store: JobStore,
    readonly jobs: TenantJobs,
    readonly database: TenantDatabase,
    readonly directory: AccessDirectory,
    readonly cache: TenantCache,
    readonly activity: ShopActivity,
    @Inject(LOGGER) readonly logger: Logger,
  ) {}
}

/** A turn of one shop: up to ten of its jobs, one after the other. Only the holder of the shop's lease has one. */
export class Slice {
  constructor(
    private readonly tools: SliceTools,
    private readonly shopId: string,
    private readonly lease: string,
    /** Aborted when the lease is lost or the process can wait no longer. */
    private readonly signal: AbortSignal,
    /** True once the process stops: no further job begins. */
    private readonly isStopping: () => boolean,
  ) {}

  /** @throws the database's error */
  async run(): Promise<Left> {
    const { directory, jobs, store } = this.tools;
    const access = await directory.enterAsOwner(this.shopId).catch((error: unknown) => {
      if (error instanceof AppError) return null; // closed, not ready or without an owner: its jobs wait
      throw error;
    });
    if (access === null || access.isReadOnly) return 'stuck';
    const end = performance.now() + TURN_MS;
    for (let done = 0; done < JOBS && performance.now() < end; done++) {
      if (this.isStopping() || this.signal.aborted) return 'more';
      const job = await store.take(this.shopId, this.lease, [...jobs.handlers.keys()]);
      if (job === undefined) return done > 0 ? 'none' : 'stuck';
      if (!(await this.perform(job, access))) return 'stuck';
    }
    return 'more';
  }

  /** @returns false if the shop or the program was not able to do the job at the moment */
  private async perform(job: TakenJob, access: TenantAccess): Promise<boolean> {
    const { activity, store } = this.tools;
    try {
      await this.handle(job, access);
      activity.worked(this.shopId, false);
      return true;
    } catch (error) {
      if (error instanceof JobTaken) {
        this.log('warn', 'tenant_job.taken', job, error);
        return true;
      }
      const isGivenBack = this.signal.aborted || isPassing(error, ALSO_PASSING);
      if (isGivenBack) await store.giveBack(job.id, this.lease);
      else await this.fail(job, error);
      if (!isGivenBack) activity.worked(this.shopId, true);
      return !isGivenBack;
    }
  }

  private async handle(job: TakenJob, access: TenantAccess): Promise<void> {
    const { cache, database, directory, jobs } = this.tools;
    const handler = jobs.handlers.get(job.kind)!; // only these kinds are taken
    const payload = handler.payload.safeParse(job.payload);
    if (!payload.success) throw new PayloadRefused({ cause: payload.error });
    const ending = 'SELECT jobs.finish_tenant_job($1, $2) AS ok';
    const work = new JobWork(() => [ending, [job.id, this.lease]]);
    const author = { userId: job.userId, requestId: job.requestId };
    const tenant = { ...access, isCommand: true };
    const origin = {
      ...(job.requestId !== null && { id: job.requestId }),
      routeOptions: { url: `job ${job.kind}` },
    };
    const connection = new TenantConnection(
      { ...origin, tenant, author, jobWork: work },
      database,
      directory,
      cache,
    );
    await this.inTime((signal) => handler.run(connection, payload.data, signal));
    if (!work.isDone) await connection.transaction(() => Promise.resolve());
  }

  /** Runs a handler, and leaves one alone that does not end in time or when the job has to be given back. */
  private async inTime(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new Error('the job took too long')), JOB_MS);
    const signal = AbortSignal.any([this.signal, limit.signal]);
    try {
      await Promise.race([run(signal), aborted(signal)]);
    } finally {
      clearTimeout(timer);
      limit.abort(); // ends what the handler has left running
    }
  }

  private async fail(job: TakenJob, error: unknown): Promise<void> {
    const text = error instanceof Error ? error.message : String(error);
    const state = await this.tools.store.fail(job.id, this.lease, text, error instanceof PayloadRefused);
    if (state === 'dead') this.log('error', 'tenant_job.dead', job, error);
    else if (state === 'waiting') this.log('warn', 'tenant_job.failed', job, error);
  }

  private log(level: 'warn' | 'error', event: string, { id, kind, attempt }: TakenJob, err: unknown): void {
    this.tools.logger[level]({ event, shopId: this.shopId, job: id, kind, attempt, err });
  }
}

class PayloadRefused extends Error {
  constructor(options: ErrorOptions) {
    super('the payload has not the form that the program expects', options);
  }
}

/** Rejects once the signal is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
