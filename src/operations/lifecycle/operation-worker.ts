import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';
import { JobRunner } from '../jobs/job-runner';
import { keepHouse } from './housekeeping';
import { OPERATION_KINDS } from './kinds/kinds';
import { TOOLS, type Tools } from './operation-kind';
import { MemberOperations } from './member-operations';
import { OperationRunner } from './operation-runner';
import { type Claimable, findClaimable, type Queries } from './operation-store';
import { OPERATION_TASK } from './request-operation';
import { requestScheduledBackup } from './scheduled-backup';

/**
 * Operations that one process runs at once: on whole shops, and of members. The latter are imports, of which a process does two at
 * a time: one place is left for requests.
 */
const AT_ONCE = { ofShops: 2, ofMembers: 1 };
/** How often it looks for operations that nobody runs. A request wakes it at once. Milliseconds. */
const SWEEP_MS = 5000;
const KINDS = OPERATION_KINDS.map(({ name }) => name);

const BACKUP_TASK = 'scheduled-backup';
const HOUSEKEEPING_TASK = 'housekeeping';
/** Every night, UTC. */
const HOUSEKEEPING_CRON = '10 3 * * *';

/**
 * Runs queued operations, and those whose runner has died, in a process with admin rights. The queue is `public.operations`
 * itself: a job only says that there is something to do, so that nothing is lost with a job and no operation keeps
 * other jobs waiting.
 */
@Injectable()
export class OperationWorker implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly running = new Map<string, { isOfMember: boolean; ended: Promise<void> }>();
  private sweeping: Promise<void> = Promise.resolve();
  private waking = new AbortController();

  constructor(
    private readonly database: PublicDatabase,
    private readonly jobs: JobRunner,
    private readonly members: MemberOperations,
    @Inject(TOOLS) private readonly tools: Tools,
  ) {}

  /** Starts the work; call it once. It does not start with the module, because commands load the module too. */
  start(): void {
    const { env, logger } = this.tools;
    this.jobs.task(OPERATION_TASK, () => Promise.resolve(this.wake()));
    this.jobs.task(BACKUP_TASK, () => requestScheduledBackup(this.database, env, logger));
    this.jobs.task(HOUSEKEEPING_TASK, (_payload, signal) => keepHouse(this.tools, signal));
    if (env.BACKUP_SCHEDULE !== undefined) this.jobs.schedule(BACKUP_TASK, env.BACKUP_SCHEDULE);
    this.jobs.schedule(HOUSEKEEPING_TASK, HOUSEKEEPING_CRON);
    this.jobs.startInBackground();
    this.sweeping = this.keepSweeping();
  }

  /** Returns the operations in progress to the queue, at the next step of each. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.sweeping;
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
  }

  private wake(): void {
    this.waking.abort();
  }

  private async keepSweeping(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      this.waking = new AbortController();
      await this.sweep().catch((err: unknown) =>
        this.tools.logger.warn({ event: 'operations.sweep_failed', err }),
      );
      await sleep(SWEEP_MS, undefined, { signal: this.waking.signal }).catch(() => undefined); // woken
    }
  }

  /** One that is to be cancelled has little left to do, and waits for no other. */
  private async sweep(): Promise<void> {
    const queries: Queries = {
      query: async (sql, values) => ({ rows: await this.database.read(sql, values) }),
    };
    const ofMembers = this.members.kinds.map(({ name }) => name);
    for (const claimable of await findClaimable(queries, KINDS, ofMembers)) {
      if (this.stopping.signal.aborted) return;
      const { id, isOfMember } = claimable;
      if (!this.running.has(id) && this.hasRoom(claimable))
        this.running.set(id, { isOfMember, ended: this.run(id) });
    }
  }

  private hasRoom({ cancelWanted, isOfMember }: Claimable): boolean {
    const others = [...this.running.values()].filter((other) => other.isOfMember === isOfMember);
    return cancelWanted || others.length < (isOfMember ? AT_ONCE.ofMembers : AT_ONCE.ofShops);
  }

  /** Runs one operation. After an error it is taken up by a later sweep: at once would be a tight loop. */
  private async run(id: string): Promise<void> {
    const { logger } = this.tools;
    try {
      const runner = new OperationRunner(this.tools, this.members.all);
      const ended = await runner.run(id, { signal: this.stopping.signal, onStop: 'release' });
      if (ended !== null)
        logger.info({ event: 'operation.ended', operation: id, kind: ended.kind, state: ended.state });
      this.running.delete(id);
      this.wake();
    } catch (err) {
      logger.warn({ event: 'operation.broken_off', operation: id, err });
      this.running.delete(id);
    }
  }
}
