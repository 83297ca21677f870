import type { EntityManager } from 'typeorm';
import { Unauthenticated } from '../../common/common.errors';
import { User } from './user.entity';

/** @throws Unauthenticated if the account is gone and its token has not expired yet */
export async function getUser(manager: EntityManager, id: string): Promise<User> {
  const user = await manager.findOneBy(User, { id });
  if (user === null) throw new Unauthenticated();
  return user;
}
