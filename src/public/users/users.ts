import type { EntityManager } from 'typeorm';
import { Unauthenticated } from '../../common/common.errors';
import { User } from './user.entity';
import { UserNotFound } from './users.errors';

/** @throws Unauthenticated if the account is gone and its token has not expired yet */
export async function getUser(manager: EntityManager, id: string): Promise<User> {
  const user = await manager.findOneBy(User, { id });
  if (user === null) throw new Unauthenticated();
  return user;
}

/** Finds the user whom an operator names, in whatever case. @throws UserNotFound */
export async function getUserByEmail(manager: EntityManager, email: string): Promise<User> {
  const user = await manager.findOneBy(User, { email: email.trim().normalize('NFC').toLowerCase() });
  if (user === null) throw new UserNotFound({ detail: `No user has the e-mail address ${email}.` });
  return user;
}
