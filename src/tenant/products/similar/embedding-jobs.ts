import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { TenantJobs } from '../../../operations/tenant-jobs/tenant-jobs';
import type { TenantAccess } from '../../../tenancy/tenant';
import { makeOutdated, storeVectors } from './similar-products';

const KIND = 'embed-products';
/** Products of one job: a transaction of about a second. */
const BATCH = 1000;
/** Pause when other transactions hold all of them. */
const BUSY_MS = 10_000;

/** Makes the missing vectors of a shop, when there are too many for a request. */
@Injectable()
export class EmbeddingJobs {
  constructor(private readonly jobs: TenantJobs) {
    jobs.handle(KIND, {
      payload: z.object({}),
      run: (connection) => connection.transaction((manager) => this.makeSome(manager)),
    });
  }

  /** Adds a job for all that are missing, unless one waits. */
  async add(manager: EntityManager, delayMs = 0): Promise<void> {
    await this.jobs.add(manager, KIND, {}, { unique: KIND, runAt: new Date(Date.now() + delayMs) });
  }

  /** Adds one for a member who may not write: the vectors are the shop's, and of no member's making. */
  async addFor(access: Pick<TenantAccess, 'shopId'>): Promise<void> {
    await this.jobs.addOwn(access, KIND);
  }

  private async makeSome(manager: EntityManager): Promise<void> {
    const made = await makeOutdated(manager, BATCH);
    const stored = await storeVectors(manager, made);
    if (made.length === BATCH || stored < made.length) await this.add(manager, stored === 0 ? BUSY_MS : 0);
  }
}
