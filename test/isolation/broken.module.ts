import { Body, type DynamicModule, Injectable, Module, Post } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppModule } from '../../src/app/app.module';
import { OneOf, Text } from '../../src/http/fields';
import { sqlState } from '../../src/common/sqlstate';
import type { Base } from '../../src/database/database.module';
import { TenantConnection } from '../../src/tenancy/tenant-connection';
import { TenantController } from '../../src/tenancy/tenant-controller.decorator';

/** Where in a statement the text of a client ends up. `statement`: it is the statement. */
export const POSITIONS = ['value', 'order', 'limit', 'statement'] as const;
export type Position = (typeof POSITIONS)[number];
export const MODES = ['run', 'transaction'] as const;
export type Mode = (typeof MODES)[number];

/** In place of a SQLSTATE: the connection did not send it. */
export const NOT_SENT = 'not sent';

class BrokenDto {
  @OneOf(POSITIONS)
  position: Position;

  @OneOf(MODES)
  mode: Mode;

  @Text({ max: 5000, raw: true })
  text: string;
}

/** What the mistake looks like in code: values become text. */
const STATEMENTS: Record<Position, (text: string) => string> = {
  value: (text) => `SELECT id, name FROM products WHERE name = '${text}'`,
  order: (text) => `SELECT id, name FROM products ORDER BY ${text}`,
  limit: (text) => `SELECT id, name FROM products LIMIT ${text}`,
  statement: (text) => text,
};

@Injectable()
export class BrokenService {
  constructor(private readonly tenant: TenantConnection) {}

  /** @returns `ran` and what PostgreSQL answered, or the SQLSTATE with which it refused */
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

/** The mistake that parameters prevent, made on purpose. Exists in tests only. */
@TenantController('broken')
export class BrokenController {
  constructor(private readonly broken: BrokenService) {}

  @Post()
  query(@Body() input: BrokenDto) {
    return this.broken.query(input);
  }
}

/** The whole application, and the broken route. */
@Module({ controllers: [BrokenController], providers: [BrokenService] })
export class BrokenAppModule {
  static forRoot(base: Base): DynamicModule {
    return { module: BrokenAppModule, imports: [AppModule.forRoot(base)] };
  }
}
