import type { Socket } from 'node:net';
import { Client, type ClientConfig, type Pool, type PoolClient, type QueryResult, types } from 'pg';

types.setTypeParser(types.builtins.INT8, Number); // our bigints are money, counts and versions, all below 2^53

/** What `pg` keeps to itself; the tests of this file say when that changes. */
interface Inside {
  connection: { stream: Socket };
  /** Nothing that was sent is without its answer. */
  readyForQuery: boolean;
}

export interface OpeningConfig extends ClientConfig {
  /** See PoolSettings. */
  silenceMs?: number;
}

/** A connection whose engine may send several statements in one message. */
export class OpeningClient extends Client {
  constructor(config?: string | OpeningConfig) {
    super(config);
    if (typeof config === 'object' && config.silenceMs !== undefined) this.breakSilence(config.silenceMs);
    // A client whose server goes away emits `error`, besides failing its queries; without a listener that ends
    // the process. The pool listens only while it is idle, and hands it out a moment before anybody else can.
    this.on('error', () => undefined);
  }

  /** Sends several statements in one message: simple protocol, no parameters. Engine only. */
  open(sql: string): Promise<QueryResult | QueryResult[]> {
    return super.query(sql);
  }

  /** What `send` sends leaves in one piece: a write to the socket costs as much as the rest of a query. */
  together<T>(send: () => T): T {
    const { stream } = this.inside.connection;
    stream.cork();
    try {
      return send();
    } finally {
      stream.uncork();
    }
  }

  /**
   * Ends the connection when the server owes an answer and says nothing for so long. A server or a network that freezes
   * closes no socket, and what was asked would wait for ever.
   */
  private breakSilence(limitMs: number): void {
    this.once('connect', () => {
      const { stream } = this.inside.connection; // only now the one that speaks TLS
      stream.setTimeout(limitMs);
      stream.on('timeout', () => {
        if (this.inside.readyForQuery) return; // nothing was asked
        const error = new Error(`the database said nothing for ${limitMs} ms`);
        stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
      });
    });
  }

  private get inside(): Inside {
    return this as unknown as Inside;
  }
}

/**
 * What a statement may begin with. PostgreSQL knows the kind of a statement by its first word, and SET, RESET,
 * COMMIT, DO, PREPARE, COPY, LISTEN and the like are not for product code: SET ROLE would leave the shop, and no
 * grant forbids it to a login that may become each of them.
 */
const STATEMENT =
  /^[\s(]*(?:select|with|insert|update|delete|merge|values|show|savepoint|release|rollback\s+to)\b/i;

/** A construct of the grammar, not a function, so that no right exists; and no timeout ends what it computes. */
const XMLTABLE = /\bxmltable\b/i;

/** Thrown instead of sending a statement that does not begin as those of product code do. Comments included. */
export class StatementRefused extends Error {
  constructor(sql: string) {
    super(
      `a statement may not ${XMLTABLE.test(sql) ? 'use' : 'begin with'} "${(XMLTABLE.exec(sql)?.[0] ?? sql).trim().slice(0, 20)}"`,
    );
  }
}

/**
 * A connection that sends every other statement over the extended protocol, which takes one statement at a
 * time: text smuggled into a query cannot start a second one (PostgreSQL manual, 54.2.3).
 */
export class ExtendedClient extends OpeningClient {
  // @ts-expect-error TS2416: pg declares seven overloads; one signature that serves them all cannot name each
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

export type BorrowedClient = PoolClient & OpeningClient;
export type EnginePool = Omit<Pool, 'connect'> & { connect(): Promise<BorrowedClient> };
