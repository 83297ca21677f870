import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { newId } from '../../src/common/ids';
import { createValidationPipe } from '../../src/http/validation';
import { CreateOrderDto } from '../../src/tenant/orders/orders.dto';
import { ListProductsQuery } from '../../src/tenant/products/products.dto';
import type { Way } from '../lib/ways';
import type { Compiled } from './schemas';

/** From what the parser of the address gives, or from the text of a body, to what a handler gets. */
export interface Validation {
  what: string;
  ways: readonly (Way & { check: (input: string) => unknown })[];
  refused: readonly object[];
  taken: object;
}

const text = (max: number) => z.string().trim().min(1).max(max);
const id = z.uuid().toLowerCase();

const QUERY = z.strictObject({
  limit: z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(100)),
  cursor: text(100).optional(),
  q: text(100).optional(),
});

const ORDER = z.strictObject({
  lines: z
    .array(
      z.strictObject({
        productId: id.optional(),
        variantId: id.optional(),
        quantity: z.int().min(1).max(100_000),
      }),
    )
    .min(1)
    .max(100),
  customer: z
    .strictObject({
      email: z.string().trim().normalize('NFC').toLowerCase().min(3).max(254).pipe(z.email()),
      name: text(255).nullish(),
    })
    .optional(),
});

const order = (lines: number) => ({
  lines: Array.from({ length: lines }, () => ({ variantId: newId(), quantity: 2 })),
  customer: { email: 'grace@example.com', name: 'Grace Hopper' },
});

/** A list's query, an order as people make it, and the longest that is taken. */
export function validations({ query, order: ofOrder }: Compiled): readonly Validation[] {
  const taken = { limit: '20', q: 'lin te' };
  const small = order(3);
  return [
    {
      what: 'query of a list',
      ways: ways(taken, ListProductsQuery, QUERY, query),
      taken,
      refused: [{ limit: '0' }, { limit: 'x' }, { limit: '20', q: '' }, { limit: '20', page: '2' }],
    },
    ...[small, order(100)].map((body) => ({
      what: `order of ${body.lines.length} lines`,
      ways: ways(body, CreateOrderDto, ORDER, ofOrder),
      taken: body,
      refused: [
        { ...body, lines: [] },
        { ...body, lines: [{ variantId: 'x', quantity: 1 }] },
        { ...body, lines: [{ variantId: newId(), quantity: 0 }] },
        { ...body, lines: [{ variantId: newId(), quantity: 1, price: 1 }] },
        { ...body, customer: { email: 'grace' } },
      ],
    })),
  ];
}

/** The first is what the application does. Bodies are parsed each time: ajv changes what it is given. */
function ways(
  input: object,
  metatype: new () => object,
  schema: z.ZodType,
  compiled: (input: unknown) => boolean,
): Validation['ways'] {
  const pipe = createValidationPipe();
  const sent = JSON.stringify(input);
  const way = (name: string, check: (input: string) => unknown) => ({ name, check, work: () => check(sent) });
  return [
    way('class-validator through the pipe', (given) =>
      pipe.transform(JSON.parse(given), { type: 'body', metatype }),
    ),
    way('zod', (given) => schema.parse(JSON.parse(given))),
    way('ajv by a schema of Fastify', (given) => {
      const value: unknown = JSON.parse(given);
      if (!compiled(value)) throw new Error('refused');
      return value;
    }),
  ];
}

/** What is faster and takes something else would prove nothing. */
export async function assertSameChecks({ what, ways, refused, taken }: Validation): Promise<void> {
  const [used, ...others] = ways;
  const valueOf = async ({ check }: Validation['ways'][number], input: object): Promise<unknown> =>
    JSON.parse(JSON.stringify(await check(JSON.stringify(input)))); // without classes
  const expected = await valueOf(used!, taken); // there are three
  for (const way of others)
    if (!isDeepStrictEqual(await valueOf(way, taken), expected))
      throw new Error(`${what}: ${way.name} gives another value`);
  for (const way of ways)
    for (const input of refused) {
      const isTaken = await valueOf(way, input).then(
        () => true,
        () => false,
      );
      if (isTaken) throw new Error(`${what}: ${way.name} takes ${JSON.stringify(input)}`);
    }
}
