import { createHmac } from 'node:crypto';
import type { Faker } from '@faker-js/faker';
import { LRUCache } from 'lru-cache';

export interface Person {
  name: string;
  email: string;
}

/** People remembered, because inventing one takes 50 µs and most have several rows. */
const REMEMBERED = 10_000;

/** Invents people. With the same secret, the same person always becomes the same invented one, and nobody without it can tell who. */
export class InventedPeople {
  private readonly known = new LRUCache<string, Person>({ max: REMEMBERED });

  private constructor(
    private readonly faker: Faker,
    private readonly secret: string,
  ) {}

  static async open(secret: string): Promise<InventedPeople> {
    const { faker } = await import('@faker-js/faker/locale/en');
    return new InventedPeople(faker, secret);
  }

  /** Invents somebody for a person, who is known by the e-mail address, otherwise by the name. */
  inPlaceOf(email: string | null, name: string | null): Person {
    const key = email === null ? `name ${spelled(name ?? '')}` : `email ${email.toLowerCase()}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const digest = this.digest(key);
    this.faker.seed([0, 4, 8, 12].map((at) => digest.readUInt32BE(at)));
    const [first, last] = [this.faker.person.firstName(), this.faker.person.lastName()];
    const local = `${first}.${last}`.toLowerCase().replaceAll(/[^a-z.]/g, '');
    // The digest makes the address unique: many share a name.
    const address = `${local}.${digest.toString('hex', 16, 24)}@example.invalid`;
    const person = { name: `${first} ${last}`, email: address };
    this.known.set(key, person);
    return person;
  }

  /** Another code, the same for the same one. */
  code(code: string): string {
    return this.digest(`code ${code}`).toString('hex', 0, 8);
  }

  private digest(text: string): Buffer {
    return createHmac('sha256', this.secret).update(text).digest();
  }
}

function spelled(name: string): string {
  return name.trim().replaceAll(/\s+/g, ' ').toLowerCase();
}
