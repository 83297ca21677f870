import { faultsOf } from './schema-check';

const SCHEMAS = {
  Mug: {
    type: 'object',
    required: ['id', 'price'],
    properties: {
      id: { type: 'string', format: 'uuid' },
      price: { type: 'integer', minimum: 0 },
      tags: { type: 'array', items: { type: 'string', maxLength: 3 }, uniqueItems: true },
      lid: { type: 'object', nullable: true, allOf: [{ $ref: '#/components/schemas/Lid' }] },
    },
  },
  Lid: { type: 'object', properties: { size: { type: 'string', enum: ['S', 'L'] } } },
};
const GOOD = { id: '0198c0de-0000-7000-8000-000000000000', price: 0, tags: ['a'], lid: { size: 'S' } };

describe('faultsOf', () => {
  const faults = (changes: object) =>
    faultsOf({ ...GOOD, ...changes }, { $ref: '#/components/schemas/Mug' }, SCHEMAS);

  it('finds none in what fits', () => {
    expect([...faults({}), ...faults({ lid: null })]).toEqual([]);
  });

  it.each([
    [{ id: 'x' }, 'id: is no uuid'],
    [{ id: undefined }, 'id: is no string'],
    [{ price: 1.5 }, 'price: is no integer'],
    [{ price: -1 }, 'price: -1 is out of range'],
    [{ price: null }, 'price: is null'],
    [{ tags: ['long'] }, 'tags.0: has 4 characters'],
    [{ tags: ['a', 'a'] }, 'tags: repeats an item'],
    [{ tags: {} }, 'tags: is no array'],
    [{ lid: { size: 'M' } }, 'lid.size: is none of the enum'],
    [{ lid: { colour: 'x' } }, 'lid.colour: is not in the schema'],
    [{ weight: 1 }, 'weight: is not in the schema'],
  ])('finds what is wrong in %j', (changes, fault) => {
    expect(faults(changes)).toEqual([fault]);
  });

  it('finds what is missing', () => {
    expect(faultsOf({ id: GOOD.id }, SCHEMAS.Mug, SCHEMAS)).toEqual(['price: is missing']);
    const either = { oneOf: [{ required: ['a'] }, { required: ['b'] }] };
    expect(faultsOf({ a: 1 }, either, {})).toEqual([]);
    expect(faultsOf({ a: 1, b: 1 }, either, {})).toEqual(['the value: fits 2 of oneOf']);
    expect(faultsOf({}, { anyOf: either.oneOf }, {})).toEqual(['the value: fits none of anyOf']);
  });

  it('does not pass over a keyword that it does not know', () => {
    expect(() => faultsOf(1, { multipleOf: 2 } as object, {})).toThrow('multipleOf');
  });
});
