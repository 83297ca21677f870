import type { EntityManager } from 'typeorm';

export const LIMIT = 21;

/** A way to read a page as DTOs. */
export interface ListWay {
  name: string;
  /** @param page varies the start of the page */
  readonly read: (manager: EntityManager, page: number) => Promise<unknown[]>;
}
