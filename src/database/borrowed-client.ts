import { Client, type ClientConfig, type Pool, type PoolClient, type QueryResult, types } from 'pg';

types.setTypeParser(types.builtins.INT8, Number); // our bigints are money, counts and versions, all below 2^53

/** A connection whose engine may send several statements in one message. */
export class OpeningClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    // A client whose server goes away emits `error`, besides failing its queries; without a listener that ends
    // the process. The pool listens only while it is idle, and hands it out a moment before anybody else can.
    this.on('error', () => undefined);
  }

  /** Sends several statements in one message: simple protocol, no parameters. Engine only. */
  open(sql: string): Promise<QueryResult | QueryResult[]> {
    return super.query(sql);
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
    if (typeof first !== 'string') return send({ ...(first as object), queryMode: 'extended' }, ...rest);
    const [values, callback] = typeof rest[0] === 'function' ? [undefined, rest[0]] : rest;
    return send(
      { text: first, values, queryMode: 'extended' },
      ...(callback === undefined ? [] : [callback]),
    );
  }
}

export type BorrowedClient = PoolClient & OpeningClient;
export type EnginePool = Omit<Pool, 'connect'> & { connect(): Promise<BorrowedClient> };
