import { Body, type DynamicModule, Injectable, Module, Post } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppModule } from '../../src/app/app.module';
import { OneOf, Text } from '../../src/http/fields';
import { sqlState } from '../../src/common/sqlstate';
import type { Base } from '../../src/database/database.module';
import { TenantConnection } from '../../src/tenancy/tenant-connection';
import { TenantController } from '../../src/tenancy/tenant-controller.decorator';

/** Place in a statement where the client's text is inserted. `statement`: the text is the whole statement. */
export const POSITIONS = ['value', 'order', 'limit', 'statement'] as const;
export type Position = (typeof POSITIONS)[number];
export const MODES = ['run', 'transaction'] as const;
export type Mode = (typeof MODES)[number];

/** Stands for the SQLSTATE when the connection refused to send the statement. */
export const NOT_SENT = 'not sent';

class BrokenDto {
  @OneOf(POSITIONS)
  position: Position;

  @OneOf(MODES)
  mode: Mode;

  @Text({ max: 5000, raw: true })
  text: string;
}

/** The mistake as it looks in code: values become part of the SQL text. */
const STATEMENTS: Record<Position, (text: string) => string> = {
  value: (text) => `SELECT id, name FROM products WHERE name = '${text}'`,
  order: (text) => `SELECT id, name FROM products ORDER BY ${text}`,
  limit: (text) => `SELECT id, name FROM products LIMIT ${text}`,
  statement: (text) => text,
};

@Injectable()
export class BrokenService {
  constructor(private readonly tenant: TenantConnection) {}

  /** @returns the rows if the statement ran; otherwise the SQLSTATE of the refusal */
  async query({
    position,
    mode,
    text,
  }: BrokenDto): Promise<{ ran: boolean; state?: string; rows?: unknown }> {
    const work = (manager: EntityManager) => manager.query(STATEMENTS[position](text));
    try {
      return { ran: true, rows: await this.tenant[mode](work) };
    } catch (error) {
      const isUnsent = error instanceof Error && error.message.startsWith('a statement may not ');
      return { ran: false, state: isUnsent ? NOT_SENT : (sqlState(error) ?? String(error)) };
    }
  }
}

/** A deliberate SQL injection, which parameters would prevent. Exists in tests only. */
@TenantController('broken')
export class BrokenController {
  constructor(private readonly broken: BrokenService) {}

  @Post()
  query(@Body() input: BrokenDto) {
    return this.broken.query(input);
  }
}

/** The whole application with the broken route added. */
@Module({ controllers: [BrokenController], providers: [BrokenService] })
export class BrokenAppModule {
  static forRoot(base: Base): DynamicModule {
    return { module: BrokenAppModule, imports: [AppModule.forRoot(base)] };
  }
}
