import type { Type } from '@nestjs/common';
import { AppError } from '../../src/common/app-error';
import { createValidationPipe } from '../../src/http/validation';
import { RegisterDto } from '../../src/public/auth/auth.dto';
import { CreateOrderDto } from '../../src/tenant/orders/orders.dto';
import { ImportQuery } from '../../src/tenant/transfer/import.dto';
import { ChangeStockDto } from '../../src/tenant/products/variants.dto';
import { CreateProductDto } from '../../src/tenant/products/products.dto';

const pipe = createValidationPipe();

/** Returns the findings that a client gets for a body, by field. */
async function findings(metatype: Type, body: object): Promise<unknown> {
  const error: unknown = await pipe.transform(body, { type: 'body', metatype }).catch((it: unknown) => it);
  if (!(error instanceof AppError)) throw new Error('it was accepted');
  return error.details.errors;
}

describe('the message of a field', () => {
  const line = { productId: '01a1fd87-c47a-71c5-beb1-729b5e19bd61', quantity: 1 };
  const password = 'correct horse';

  it.each<[field: string, message: string, of: Type, body: object]>([
    ['lines', 'lines is missing', CreateOrderDto, {}],
    ['lines', 'lines must have at least 1 entry', CreateOrderDto, { lines: [] }],
    ['lines', 'lines must be an array', CreateOrderDto, { lines: 'x' }],
    ['lines', 'each value in lines must be an object', CreateOrderDto, { lines: ['x'] }],
    ['lines.0.quantity', 'quantity must be an integer number', CreateOrderDto, quantity('2')],
    ['lines.0.quantity', 'quantity must not be less than 1', CreateOrderDto, quantity(0)],
    ['customer', 'customer must be an object', CreateOrderDto, { lines: [line], customer: [] }],
    ['email', 'email must be an e-mail address', RegisterDto, { email: 1, password }],
    ['email', 'email must be an e-mail address', RegisterDto, { email: 'x', password }],
    ['name', 'name is missing', CreateProductDto, { priceMinor: 1 }],
    ['name', 'name must be a string', CreateProductDto, { name: 1, priceMinor: 1 }],
    ['reason', 'reason is missing', ChangeStockDto, { delta: 1 }],
    ['colour', 'colour is not taken here', CreateProductDto, { name: 'x', priceMinor: 1, colour: 'red' }],
    ['dryRun', 'dryRun is not taken here; did you mean dry-run?', ImportQuery, { dryRun: 'true' }],
    ['tags', 'tags must be an array', CreateProductDto, { name: 'x', tags: {} }],
    ['tags', 'each value in tags must be a string', CreateProductDto, { name: 'x', tags: [1] }],
  ])('%s names what is wrong first: %s', async (field, message, of, body) => {
    expect(await findings(of, body)).toEqual([{ field, message }]);
  });

  function quantity(value: unknown): object {
    return { lines: [{ ...line, quantity: value }] };
  }
});
