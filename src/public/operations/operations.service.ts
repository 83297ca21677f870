import { Inject, Injectable, type StreamableFile } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ENV, type Env } from '../../config/env';
import { PublicDatabase } from '../../database/control-database';
import { findOperation, type Operation, queriesOf } from '../../operations/lifecycle/operation-store';
import { requestOperation } from '../../operations/lifecycle/request-operation';
import type { KeyedTransaction } from '../../tenancy/keyed.decorator';
import type { TenantAccess } from '../../tenancy/tenant';
import { fileOf, openFile } from './operation-file';
import { type OperationDto, toOperationDto } from './operations.dto';
import { OperationNotFound } from '../../operations/lifecycle/lifecycle.errors';
import { OperationFileNotFound } from './operations.errors';

/**
 * Operations that members ask for. This process only records them: one with admin rights runs them. The table is in
 * `public`, so every query has the shop as a condition.
 */
@Injectable()
export class OperationsService {
  constructor(
    private readonly database: PublicDatabase,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** Asks for an export of the shop. @throws OperationInProgress */
  export({ shopId, userId }: TenantAccess, keyed: KeyedTransaction): Promise<OperationDto> {
    return keyed.run(
      this.database,
      async (manager) => {
        const [shop] = await manager.query<{ slug: string }[]>('SELECT slug FROM shops WHERE id = $1', [
          shopId,
        ]);
        const id = await requestOperation(manager, {
          kind: 'export',
          shop: { id: shopId, slug: shop!.slug }, // the guard has found it
          by: { kind: 'member', id: userId },
          input: { shop: shopId, out: null },
          isExclusive: true,
        });
        return toOperationDto(await ofShop(manager, shopId, id));
      },
      shopId,
    );
  }

  /** @throws OperationNotFound, also for one that an operator asked for */
  async get({ shopId }: TenantAccess, id: string): Promise<OperationDto> {
    return toOperationDto(await this.database.run((manager) => ofShop(manager, shopId, id)));
  }

  /** Opens the file of an operation, wherever it is. @throws OperationNotFound, OperationFileNotFound */
  async download({ shopId }: TenantAccess, id: string): Promise<StreamableFile> {
    const file = fileOf(await this.database.run((manager) => ofShop(manager, shopId, id)));
    if (file === null) throw new OperationFileNotFound();
    return openFile(file, this.env);
  }
}

async function ofShop(manager: EntityManager, shopId: string, id: string): Promise<Operation> {
  const operation = await findOperation(queriesOf(manager), id);
  if (operation === null || operation.shopId !== shopId || operation.byKind !== 'member')
    throw new OperationNotFound();
  return operation;
}
