import { EnvironmentError, misspeltSettings, readEnv } from './env';

describe('TRUST_PROXY', () => {
  it.each([
    ['1', 1],
    [' 2 ', 2],
    ['127.0.0.1', ['127.0.0.1']],
    ['10.0.0.0/8, ::1,fd00::/8', ['10.0.0.0/8', '::1', 'fd00::/8']],
    ['', undefined],
  ])('%j is read as %j', (text, value) => {
    expect(readEnv({ TRUST_PROXY: text }).TRUST_PROXY).toEqual(value);
  });

  it.each([
    '0',
    '-1',
    '1.5',
    'true',
    'loopback',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '1,,2',
    '::1/129',
  ])('%j is refused by name', (text) => {
    expect(() => readEnv({ TRUST_PROXY: text })).toThrow(EnvironmentError);
  });
});

describe('CORS_ORIGINS', () => {
  it.each([
    ['https://shop.example', ['https://shop.example']],
    ['https://shop.example, http://localhost:5173', ['https://shop.example', 'http://localhost:5173']],
    ['', undefined],
  ])('%j is read as %j', (text, value) => {
    expect(readEnv({ CORS_ORIGINS: text }).CORS_ORIGINS).toEqual(value);
  });

  it.each([
    '*',
    'null',
    'shop.example',
    'https://shop.example/',
    'https://shop.example/path',
    'https://Shop.example',
    'https://shop.example:443',
    'https://*.shop.example',
    'https://user@shop.example',
    'ftp://shop.example',
    'https://a.example,,https://b.example',
    'https://a.example https://b.example',
  ])('%j is refused by name', (text) => {
    expect(() => readEnv({ CORS_ORIGINS: text })).toThrow(/CORS_ORIGINS \(must be origins/);
  });
});

describe('POOLER_URL', () => {
  it('must not name a user: the logins are derived', () => {
    expect(readEnv({ POOLER_URL: 'postgres://127.0.0.1:6432/stoa' }).POOLER_URL).toBe(
      'postgres://127.0.0.1:6432/stoa',
    );
    expect(() => readEnv({ POOLER_URL: 'postgres://ada@127.0.0.1:6432/stoa' })).toThrow(
      'must not name a user',
    );
  });
});

describe('a misspelt setting', () => {
  it.each([
    ['TENANT_POOLSIZE', 'TENANT_POOL_SIZE'],
    ['workers', 'WORKERS'],
    ['LOG-LEVEL', 'LOG_LEVEL'],
  ])('%s is named with %s', (name, meant) => {
    expect(misspeltSettings({ [name]: '3', [meant]: '4', PATH: '/bin' })).toEqual([{ name, meant }]);
  });
});

describe('a renamed setting', () => {
  it('stops the start and names its new name', () => {
    expect(() => readEnv({ STOCK_SIZE: '10' })).toThrow('STOCK_SIZE (is now called WARM_TENANTS)');
    expect(readEnv({ STOCK_SIZE: '10', WARM_TENANTS: '5' }).WARM_TENANTS).toBe(5); // during a deploy
    expect(readEnv({ WARM_TENANTS: '7' }).WARM_TENANTS).toBe(7);
  });
});

describe('PORT and METRICS_PORT', () => {
  it('is refused in plain words if it is no number', () => {
    expect(() => readEnv({ PORT: 'http' })).toThrow('PORT (must be a number)');
  });

  it('is refused by name if it equals PORT', () => {
    expect(() => readEnv({ PORT: '3000', METRICS_PORT: '3000' })).toThrow('METRICS_PORT (must not be PORT)');
    expect(() => readEnv({ METRICS_PORT: '3000' })).toThrow(EnvironmentError);
  });

  it('may be 0 if PORT is 0', () => {
    expect(readEnv({ PORT: '0', METRICS_PORT: '0' }).METRICS_PORT).toBe(0);
  });
});
