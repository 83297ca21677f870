import type { ClientBase } from 'pg';
import { AppError } from '../../common/app-error';
import { newId } from '../../common/ids';
import { OperatorError } from '../../common/report';
import { adminOf } from '../../database/installation';
import { faultOf, isDisconnected } from '../faults';
import { ReconnectingClient } from '../reconnecting-client';
import type { Operation, OperationFailure } from './operation.entity';
import { CANCELLED, failureOf, withUndo } from './operation-failure';
import {
  Cancelled,
  LeaseLost,
  type OperationKind,
  type OperationRun,
  Postponed,
  Stopped,
  type Tools,
} from './operation-kind';
import {
  type Beat,
  claimOperation,
  endOperation,
  findOperation,
  type OperationEnd,
  writeBeat,
  writeCheckpoint,
  writeFailure,
} from './operation-store';

const HEARTBEAT_MS = 3000;
/** Without an answer to a heartbeat for this long, the lease may be lost. Shorter than the lease itself. */
const SILENCE_MS = 12_000;
/** An operation that has ended this many runners is not given to another. */
const MAX_ATTEMPTS = 5;

export interface RunOptions {
  /** Aborted when the process stops. */
  signal?: AbortSignal;
  /** Meaning of a stop: another process may go on, or the operation is undone. */
  onStop?: 'release' | 'cancel';
  onProgress?: (beat: Beat) => void;
  /** Id of the runner that the operation was recorded for; by default a new one. */
  runner?: string;
}

/** Runs recorded operations: takes the lease, keeps it, and records how the operation ended. */
export class OperationRunner {
  private readonly kinds: ReadonlyMap<string, OperationKind>;

  constructor(
    private readonly tools: Tools,
    kinds: readonly OperationKind[],
  ) {
    this.kinds = new Map(kinds.map((kind) => [kind.name, kind]));
  }

  /**
   * Runs an operation to its end, or until the process stops.
   * @returns the operation as it is afterwards; null when another runner has it or it has ended
   * @throws LeaseLost; Postponed, or the server's error when the connection was lost, after which another run goes on
   */
  async run(id: string, options: RunOptions = {}): Promise<Operation | null> {
    const { runner = newId() } = options;
    const control = new ReconnectingClient(adminOf(this.tools.installation).url, 'operation');
    try {
      const operation = await claimOperation(await control.client(), id, runner);
      if (operation === null) return null;
      const kind = this.kinds.get(operation.kind);
      const lease = new Lease(this.tools, control, operation, runner, kind, options.onProgress);
      try {
        await this.work(lease, operation, options);
      } finally {
        await lease.stopBeating();
      }
      return await findOperation(await control.client(), id);
    } finally {
      await control.reset();
    }
  }

  private async work(lease: Lease, operation: Operation, options: RunOptions): Promise<void> {
    const stop = () => lease.abort(options.onStop === 'cancel' ? new Cancelled() : new Stopped());
    options.signal?.addEventListener('abort', stop);
    if (options.signal?.aborted === true) stop();
    try {
      if (operation.error !== null) return await this.undo(lease, operation);
      let result: object;
      try {
        result = await this.perform(lease, operation);
      } catch (error) {
        return await this.fail(lease, operation, lease.reason ?? error);
      }
      await lease.end({ state: 'done', result }); // if that fails, the work is done all the same: nothing is undone
    } finally {
      options.signal?.removeEventListener('abort', stop);
    }
  }

  private perform(lease: Lease, operation: Operation): Promise<object> {
    const kind = this.kindOf(operation);
    const input = kind.input.parse(operation.input);
    if (operation.cancelWanted) lease.abort(new Cancelled());
    const run = lease.run();
    run.signal.throwIfAborted();
    if (operation.attempts > MAX_ATTEMPTS)
      throw new Error(`in ${MAX_ATTEMPTS} attempts its process ended or the database went away`);
    return kind.run(run, input, operation.checkpoint);
  }

  /** Records why the operation did not succeed, then undoes it. */
  private async fail(lease: Lease, operation: Operation, error: unknown): Promise<void> {
    if (error instanceof LeaseLost) throw error;
    if (error instanceof Stopped) {
      await lease.end({ state: 'queued', isInOrder: true });
      if (error instanceof Postponed) throw error;
      return;
    }
    if (faultOf(error) === 'server' && isDisconnected(error)) {
      await lease.end({ state: 'queued' }); // a next runner goes on when the server is back
      throw error;
    }
    const isCancelled = error instanceof Cancelled;
    const isExpected = isCancelled || error instanceof AppError || error instanceof OperatorError;
    // A command shows warnings, and reports an expected failure itself.
    this.tools.logger[isExpected ? 'info' : 'warn']({
      event: isCancelled ? 'operation.cancelled' : 'operation.failed',
      operation: operation.id,
      kind: operation.kind,
      err: error,
    });
    await lease.saveFailure(failureOf(error));
    await this.undo(lease, operation);
  }

  /** Removes what the operation has left, then ends it. The error is stored, so a next runner goes on with the undo. */
  private async undo(lease: Lease, operation: Operation): Promise<void> {
    lease.beginUndo();
    const { checkpoint, error } = await lease.stored();
    const failure = error!; // stored before
    try {
      const kind = this.kindOf(operation);
      await kind.undo?.(lease.run(), kind.input.parse(operation.input), checkpoint, failure);
    } catch (cause) {
      const undoing = lease.reason ?? cause;
      if (undoing instanceof LeaseLost) throw undoing;
      if (undoing instanceof Stopped) return lease.end({ state: 'queued', isInOrder: true });
      if (faultOf(undoing) === 'server' && isDisconnected(undoing)) {
        await lease.end({ state: 'queued' });
        throw undoing;
      }
      const message = withUndo(failure.message, failureOf(undoing).message);
      return lease.end({ state: 'failed', error: { ...failure, message } });
    }
    await lease.end({ state: failure.code === CANCELLED ? 'cancelled' : 'failed', error: failure });
  }

  private kindOf({ kind }: Operation): OperationKind {
    const found = this.kinds.get(kind);
    if (found === undefined) throw new Error(`this program knows no operation ${kind}`);
    return found;
  }
}

/** The lease of one operation: heartbeats, the checkpoint, and the signal that ends the work. */
class Lease {
  private controller = new AbortController();
  private isUndoing = false;
  /** True once what is served has changed: a cancellation comes too late. */
  private isDecided: boolean;
  private stopped: Stopped | undefined;
  private hasIgnored = false;
  private readonly beat: Beat;
  private readonly timer: NodeJS.Timeout;
  private answeredAt = Date.now();
  private beating: Promise<void> | undefined;

  constructor(
    private readonly tools: Tools,
    private readonly control: ReconnectingClient,
    private readonly operation: Operation,
    private readonly runner: string,
    private readonly kind: OperationKind | undefined,
    private readonly onProgress: ((beat: Beat) => void) | undefined,
  ) {
    const { step, done, total, checkpoint } = operation;
    this.beat = { step, done, total };
    this.isDecided = this.decides(checkpoint);
    this.timer = setInterval(() => this.tick(), HEARTBEAT_MS);
  }

  /** Reason of the abort, once the work was aborted. */
  get reason(): unknown {
    return this.controller.signal.aborted ? this.controller.signal.reason : undefined;
  }

  abort(reason: Error): void {
    if (reason instanceof Cancelled && this.isUndoing) return;
    if (reason instanceof Cancelled && this.isDecided) {
      if (!this.hasIgnored)
        this.tools.logger.warn({ event: 'operation.cancel_ignored', operation: this.operation.id });
      this.hasIgnored = true; // each heartbeat repeats a cancellation
      return;
    }
    if (reason instanceof Stopped) this.stopped = reason;
    this.controller.abort(reason);
  }

  /** Lets the undo run to its end; only a stop and a lost lease abort it, and then another runner goes on. */
  beginUndo(): void {
    const isLost = this.reason instanceof LeaseLost;
    const reason = isLost ? (this.reason as LeaseLost) : this.stopped;
    this.controller = new AbortController();
    this.isUndoing = true;
    if (reason !== undefined) this.abort(reason);
  }

  /** The operation as it is stored: what was saved in a transaction that failed is not in it. */
  async stored(): Promise<Operation> {
    const stored = await findOperation(await this.control.client(), this.operation.id);
    if (stored?.runner !== this.runner) throw new LeaseLost();
    return stored;
  }

  async saveFailure(error: OperationFailure): Promise<void> {
    const client = await this.control.client();
    if (!(await writeFailure(client, this.operation.id, this.runner, error))) throw new LeaseLost();
  }

  run(): OperationRun {
    return {
      tools: this.tools,
      operation: this.operation,
      signal: this.controller.signal,
      report: (progress) => {
        Object.assign(this.beat, progress);
        this.onProgress?.(this.beat);
      },
      save: (checkpoint, client) => this.save(checkpoint, client),
    };
  }

  async end(end: OperationEnd): Promise<void> {
    await this.stopBeating();
    await this.sendBeat(); // the last progress
    const client = await this.control.client();
    if (!(await endOperation(client, this.operation.id, this.runner, end))) throw new LeaseLost();
  }

  async stopBeating(): Promise<void> {
    clearInterval(this.timer);
    await this.beating;
  }

  private async save(checkpoint: object, client?: ClientBase): Promise<void> {
    const queries = client ?? (await this.control.client());
    if (!(await writeCheckpoint(queries, this.operation.id, this.runner, checkpoint))) throw new LeaseLost();
    this.isDecided = this.decides(checkpoint);
  }

  private decides(checkpoint: object): boolean {
    return 'result' in checkpoint || this.kind?.isFinal?.(checkpoint) === true;
  }

  /** A server that freezes answers nothing, so silence is noticed here and not by an error. */
  private tick(): void {
    if (Date.now() - this.answeredAt > SILENCE_MS) this.abort(new LeaseLost());
    this.beating ??= this.sendBeat().finally(() => (this.beating = undefined));
  }

  private async sendBeat(): Promise<void> {
    try {
      const client = await this.control.client();
      const cancelWanted = await writeBeat(client, this.operation.id, this.runner, this.beat);
      if (cancelWanted === null) return this.abort(new LeaseLost());
      this.answeredAt = Date.now();
      if (cancelWanted) this.abort(new Cancelled());
    } catch (error) {
      this.tools.logger.warn({
        event: 'operation.heartbeat_failed',
        operation: this.operation.id,
        err: error,
      });
      await this.control.reset();
    }
  }
}
