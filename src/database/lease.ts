import type { QueryResult } from 'pg';
import { inSpan, isTraced } from '../common/tracing';
import type { BorrowedClient } from './engine-client';
import { quoteIdent } from './identifiers';
import { statementSpan } from './spans';
import type { MeteredTransaction } from './transaction-meter';

/** Thrown when a connection is used after its transaction has ended. */
export class LeaseEnded extends Error {
  constructor() {
    super('the transaction has ended, and its connection with it');
  }
}

/** Thrown for a second statement in work that may send only one. */
export class OneStatementOnly extends Error {
  constructor() {
    super('this transaction takes one statement: it is committed in the same round trip');
  }
}

/** Thrown when the opening statement of a bracket fails; `cause` is its error. Nothing was stored. */
export class OpeningFailed extends Error {
  constructor(cause: unknown) {
    super('the opening statement failed', { cause });
  }
}

export type Statement = [sql: string, values: unknown[]];

/** Statements around a piece of work. They take no round trips: they are sent with the preamble and with COMMIT. */
export interface Bracket {
  /** Statements of the engine before the opening, one message without parameters. */
  prepare: string;
  opening: Statement;
  /** Statements of the engine after the opening, one message without parameters. */
  resume: string;
  /** Makes the statement that is sent with COMMIT. @param result what the work returned */
  closing: (result: unknown) => Statement;
}

/**
 * The use of a connection by one piece of work. It refuses queries after the work has ended, because they would run
 * inside the next shop that uses the connection. The first statement is sent together with the preamble, and with COMMIT if it is the only one.
 */
export class Lease {
  private isOver = false;
  private begun: Promise<Answer> | undefined;
  /** Answer to COMMIT, once sent, in work with one statement. */
  committing: Promise<Answer> | undefined;

  constructor(
    private readonly client: BorrowedClient,
    private readonly preamble: string,
    private readonly isSingle: boolean,
    private readonly bracket: Bracket | undefined,
    private readonly metered: MeteredTransaction,
    /** Shop and role of a tenant's transaction. */
    readonly tenant: { shopId: string; role: string } | null,
  ) {}

  /** @see runAsLogin */
  async asLogin([sql, values]: Statement): Promise<QueryResult> {
    if (this.isOver) throw new LeaseEnded();
    if (this.isSingle) throw new OneStatementOnly();
    const enter = `SET LOCAL ROLE ${quoteIdent(this.tenant!.role)}`; // checked by runAsLogin
    const sent = this.client.together(() => [
      this.begin(),
      answered(this.client.exec('SET LOCAL ROLE NONE')),
      answered(this.metered.watch(sql, this.client.query(sql, values))),
      answered(this.client.exec(enter)), // refused after an error; rolling back to a savepoint brings the role back too
    ]);
    const { error } = await firstFailure(...sent);
    if (error !== undefined) throw error;
    return (await sent[2]!).result as QueryResult; // four were sent
  }

  query(...args: Parameters<BorrowedClient['query']>): unknown {
    if (this.isOver) return Promise.reject(new LeaseEnded());
    if (this.committing !== undefined) return Promise.reject(new OneStatementOnly());
    if (this.begun !== undefined) return this.send(...args);
    return this.client.together(() => {
      // Not awaited: everything shares one round trip. If the preamble fails, the transaction is in the failed state and
      // every query after it fails with 25P02; the preamble's error is the cause.
      void this.begin();
      const answer = this.send(...args);
      if (this.isSingle) this.committing = answered(this.client.exec('COMMIT'));
      return answer;
    });
  }

  private send(...args: Parameters<BorrowedClient['query']>): Promise<unknown> {
    const send = () => this.metered.watch(args[0], this.client.query(...args) as unknown as Promise<unknown>); // TypeORM passes no callback
    return isTraced() ? inSpan(() => statementSpan(args[0]), send) : send();
  }

  /** Sends the preamble and the opening, unless they were sent before. @returns the answer of the first that failed */
  begin(): Promise<Answer> {
    return (this.begun ??= this.bracket === undefined ? this.preface() : this.open(this.bracket));
  }

  /** Sends COMMIT, unless it was sent before, with the closing. @returns the answer of the first that failed */
  commit(result: unknown): Promise<Answer> {
    if (this.committing !== undefined) return this.committing;
    const closing = this.bracket?.closing(result);
    if (closing === undefined) return answered(this.client.exec('COMMIT'));
    return this.client.together(() => {
      const closed = answered(this.client.query(...closing));
      return firstFailure(closed, answered(this.client.exec('COMMIT')));
    });
  }

  private preface(...more: string[]): Promise<Answer> {
    return answered(this.client.exec([this.preamble, ...more].join('; ')));
  }

  private open({ prepare, opening, resume }: Bracket): Promise<Answer> {
    return this.client.together(() => {
      const begun = this.preface(prepare);
      const opened = answered(this.client.query(...opening)).then(({ error, ...answer }) =>
        error === undefined ? answer : { error: new OpeningFailed(error) },
      );
      return firstFailure(begun, opened, answered(this.client.exec(resume)));
    });
  }

  /** Counts the error of the preamble or the opening, which are not watched: they share the round trip of the first statement. */
  openingFailed(error: unknown): void {
    this.metered.failed(error instanceof OpeningFailed ? error.cause : error);
  }

  end(): void {
    this.isOver = true;
  }
}

export interface Answer {
  result?: QueryResult | QueryResult[];
  error?: unknown;
}

/** Turns a rejection into a value, so that the answer can be awaited later. */
export function answered(query: Promise<QueryResult | QueryResult[]>): Promise<Answer> {
  return query.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
}

/** The first answer with an error, or the last answer. */
async function firstFailure(...sent: Promise<Answer>[]): Promise<Answer> {
  const answers = await Promise.all(sent);
  return answers.find(({ error }) => error !== undefined) ?? answers.at(-1)!; // callers send something
}
