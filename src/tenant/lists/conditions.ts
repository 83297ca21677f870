/** An SQL text and its parameters, as `query` takes them. */
export type Statement = [sql: string, parameters: unknown[]];

/** Conditions of a WHERE with their parameters. */
export class Conditions {
  private readonly all: string[] = [];

  /** @param parameters parameters of the statement before those of the conditions */
  constructor(readonly parameters: unknown[] = []) {}

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  /** Adds a condition, unless the value is undefined. @param of SQL of the condition from the placeholder of the value */
  add(value: unknown, of: (placeholder: string) => string): this {
    return value === undefined ? this : this.addText(of(this.placeholder(value)));
  }

  /** @param condition takes no value, or has its placeholders already */
  addText(condition: string): this {
    this.all.push(condition);
    return this;
  }

  /** Adds the conditions that an expression is at least `from` and less than `to`. */
  addPeriod(expression: string, from: string | undefined, to: string | undefined): this {
    return this.add(from, (time) => `${expression} >= ${time}::timestamptz`).add(
      to,
      (time) => `${expression} < ${time}::timestamptz`,
    );
  }

  placeholder(value: unknown): string {
    this.parameters.push(value);
    return `$${this.parameters.length}`;
  }

  /** The conditions, joined by AND; `true` if there is none. */
  toString(): string {
    return this.all.join(' AND ') || 'true';
  }
}
