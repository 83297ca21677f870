import { namedStatement } from './named-statement';

describe('namedStatement', () => {
  const rename = namedStatement<{ id: string; name: string; unused: number }>(
    ({ name, id }) => `UPDATE t SET name = ${name}, was = ${name} WHERE id = ${id}`,
  );

  it('gives each name one position, in whatever order the values come', () => {
    const [sql, parameters] = rename({ unused: 3, id: 'an id', name: 'a name' });
    expect(sql).toBe('UPDATE t SET name = $1, was = $1 WHERE id = $2');
    expect(parameters).toEqual(['a name', 'an id']);
  });
});
