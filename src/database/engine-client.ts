import type { Socket } from 'node:net';
import { Client, type ClientConfig, type Pool, type PoolClient, type QueryResult, types } from 'pg';

types.setTypeParser(types.builtins.INT8, Number); // our bigints are amounts, counts and versions, all below 2^53

/** Internals of `pg` that are used here; tests fail when they change. */
interface Inside {
  connection: { stream: Socket };
  /** True when every query that was sent has been answered. */
  readyForQuery: boolean;
}

export interface EngineClientConfig extends ClientConfig {
  /** @see PoolSettings */
  responseTimeoutMs?: number;
}

/** A connection on which the engine can send several statements in one message. */
export class EngineClient extends Client {
  /** How long the server may be silent: of the connection, and now. Milliseconds; undefined: for ever. */
  private responseMs: { own: number; now: number } | undefined;

  constructor(config?: string | EngineClientConfig) {
    super(config);
    if (typeof config === 'object' && config.responseTimeoutMs !== undefined)
      this.watchResponses(config.responseTimeoutMs);
    // A client whose server disappears emits `error` in addition to failing its queries; without a listener, that ends
    // the process. The pool listens only while the client is idle.
    this.on('error', () => undefined);
  }

  /** Sends several statements in one message, by the simple protocol, without parameters. For the engine only. */
  exec(sql: string): Promise<QueryResult | QueryResult[]> {
    return super.query(sql);
  }

  /** Sends everything that `send` sends in one write: a write to the socket costs as much as the rest of a query. */
  together<T>(send: () => T): T {
    const { stream } = this.inside.connection;
    stream.cork();
    try {
      return send();
    } finally {
      stream.uncork();
    }
  }

  /** Lets the server be silent for this much longer than the connection's own limit, until the next call. */
  waitLonger(extraMs: number): void {
    const limits = this.responseMs;
    if (limits === undefined || limits.now === limits.own + extraMs) return;
    limits.now = limits.own + extraMs;
    this.inside.connection.stream.setTimeout(limits.now);
  }

  /**
   * Closes the connection when the server owes an answer and sends nothing for this long. A server or a network that
   * freezes closes no socket, so queries would wait forever.
   */
  private watchResponses(limitMs: number): void {
    this.once('connect', () => {
      const { stream } = this.inside.connection; // from here on, the stream that speaks TLS
      stream.setTimeout(limitMs);
      const limits = (this.responseMs = { own: limitMs, now: limitMs });
      stream.on('timeout', () => {
        if (this.inside.readyForQuery) return; // no query is waiting
        const error = new Error(`the database did not respond for ${limits.now} ms`);
        stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
      });
    });
  }

  private get inside(): Inside {
    return this as unknown as Inside;
  }
}

/**
 * First words of statements that product code may send. PostgreSQL determines the kind of a statement by its first
 * word. SET, RESET, COMMIT, DO, PREPARE, COPY, LISTEN and the like are not for product code: SET ROLE would leave the
 * shop, and no grant can forbid it to a login that may become every shop's role.
 */
const STATEMENT =
  /^[\s(]*(?:select|with|insert|update|delete|merge|values|show|savepoint|release|rollback\s+to)\b/i;

/** XMLTABLE is grammar, not a function, so no right can be revoked; and no timeout ends its computation. */
const XMLTABLE = /\bxmltable\b/i;

/** Thrown instead of sending a statement that begins with another word, or with a comment. */
export class StatementRefused extends Error {
  constructor(sql: string) {
    super(
      `a statement may not ${XMLTABLE.test(sql) ? 'use' : 'begin with'} "${(XMLTABLE.exec(sql)?.[0] ?? sql).trim().slice(0, 20)}"`,
    );
  }
}

/**
 * A connection for product code: `query` uses the extended protocol, which accepts one statement at a time, so text
 * that is smuggled into a query cannot start a second statement (PostgreSQL manual, 54.2.3).
 */
export class ExtendedClient extends EngineClient {
  // @ts-expect-error TS2416: pg declares seven overloads; one signature cannot name them all
  override query(first: unknown, ...rest: unknown[]): unknown {
    const send = super.query.bind(this) as (...args: unknown[]) => unknown;
    const [values, callback] = typeof rest[0] === 'function' ? [undefined, rest[0]] : rest;
    const query = typeof first === 'string' ? { text: first, values } : (first as { text?: string });
    if (typeof query.text !== 'string' || !STATEMENT.test(query.text) || XMLTABLE.test(query.text))
      return refuse(new StatementRefused(String(query.text)), callback);
    return send({ ...query, queryMode: 'extended' }, ...(callback === undefined ? [] : [callback]));
  }
}

function refuse(error: Error, callback: unknown): Promise<never> | undefined {
  if (typeof callback !== 'function') return Promise.reject(error);
  process.nextTick(callback as (error: Error) => void, error);
  return undefined;
}

export type BorrowedClient = PoolClient & EngineClient;
export type EnginePool = Omit<Pool, 'connect'> & { connect(): Promise<BorrowedClient> };
