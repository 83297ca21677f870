import { columnOf, csvValue, exportName, jsonValue, parseArray } from './export-values';

describe('values of an export', () => {
  it('are JSON of the type of their column', () => {
    expect(jsonValue('9007199254740993', 'number')).toBe('9007199254740993');
    expect(jsonValue('t', 'flag')).toBe('true');
    expect(jsonValue('2026-11-29 12:00:00.5+00', 'time')).toBe('"2026-11-29T12:00:00.500Z"');
    expect(jsonValue('{"a": 1}', 'json')).toBe('{"a": 1}');
    expect(jsonValue('{a,"b, c"}', 'texts')).toBe('["a","b, c"]');
    expect(jsonValue('=1\n', 'text')).toBe('"=1\\n"');
    expect(jsonValue(null, 'text')).toBe('null');
  });

  it('are cells that no spreadsheet runs', () => {
    expect(csvValue('=1', 'text')).toBe("'=1");
    expect(csvValue('a;@b', 'text')).toBe("a;'@b");
    expect(csvValue('{=1}', 'texts')).toBe("'=1");
    expect(csvValue('-5', 'number')).toBe('-5');
    expect(csvValue('f', 'flag')).toBe('false');
    expect(csvValue(null, 'json')).toBe('');
    const cell = csvValue('{"a": ";=1"}', 'json');
    expect(cell).not.toContain(';');
    expect(JSON.parse(cell)).toEqual({ a: ';=1' });
  });

  it('are the elements of an array', () => {
    expect(parseArray('{}')).toEqual([]);
    expect(parseArray('{a,"b,\\"c\\\\","",NULL x}')).toEqual(['a', 'b,"c\\', '', 'NULL x']);
  });

  it('have the names of the API', () => {
    expect(exportName('compare_at_minor')).toBe('compareAtMinor');
  });

  it('have the type of their column, or are texts of a newer version', () => {
    const column = { about: 'Sum of the payments', type: 'bigint', fate: 'kept' as const };
    const table = { about: 'Orders', columns: new Map([['paid_minor', column]]) };
    expect(columnOf(table, 'paid_minor')).toEqual({ type: 'number', about: 'Sum of the payments' });
    const later = { type: 'text', about: 'A column of a newer version' };
    expect([columnOf(table, 'later'), columnOf(undefined, 'id')]).toEqual([later, later]);
  });
});
