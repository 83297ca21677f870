import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let owner: Owner;

beforeAll(async () => {
  owner = await newOwner(app.api);
});

const STRICT = "default-src 'none';frame-ancestors 'none'";

describe('the headers of an answer', () => {
  const answers: [string, () => ReturnType<Owner['api']['get']>][] = [
    ['of the API', () => owner.api.get('products')],
    ['with tokens', () => app.api.post('auth/refresh', { refreshToken: owner.refreshToken })],
    ['that needs a token', () => app.api.get('me')],
    [
      'that refuses a body',
      () => owner.api.raw('POST', 'products', '{', { 'content-type': 'application/json' }),
    ],
    ['of a route that is not there', () => owner.api.get('nothing')],
  ];

  it.each(answers)('%s allow a browser to load, frame and store nothing', async (_, ask) => {
    const { headers } = await ask();
    expect(headers.get('content-security-policy')).toBe(STRICT);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('of a route that is not there keep the connection', async () => {
    const { headers } = await owner.api.get('nothing');
    expect(headers.get('connection')).toBe('keep-alive');
  });

  it.each(['/health/live', '/openapi.json', '/.well-known/jwks.json', '/docsx', '/nothing'])(
    'of %s are strict too',
    async (path) => {
      const { headers } = await app.api.get(path);
      expect(headers.get('content-security-policy')).toBe(STRICT);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  it('are strict even if no route is looked up', async () => {
    const answer = await owner.api.get('shops/%zz');
    expect(problemIn(answer)).toBe('400 MALFORMED_URL');
    expect(answer.headers.get('content-security-policy')).toBe(STRICT);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});

describe('the page at /docs', () => {
  const policyOf = (header: string | null) =>
    Object.fromEntries(
      (header ?? '').split(';').map((directive) => {
        const [name, ...sources] = directive.trim().split(' ');
        return [name, sources.join(' ')];
      }),
    );

  it('may load its own scripts, styles and images, and nothing from elsewhere', async () => {
    const { headers } = await app.api.get('/docs');
    expect(policyOf(headers.get('content-security-policy'))).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self' 'unsafe-inline'",
      'img-src': "'self' data:",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    });
  });

  it('has no inline script, which the policy would block', async () => {
    const { body } = await app.api.get('/docs');
    const inline = [...(body as string).matchAll(/<script(?![^>]*\bsrc=)[^>]*>|\son\w+=/g)];
    expect(inline).toEqual([]);
  });

  it('loads its files with content types that nosniff accepts', async () => {
    const types = await Promise.all(
      ['swagger-ui-bundle.js', 'swagger-ui-init.js', 'swagger-ui.css'].map(async (part) => {
        const { status, headers } = await app.api.get(`/docs/${part}`);
        return [status, headers.get('content-type')?.split(';')[0]];
      }),
    );
    expect(types).toEqual([
      [200, expect.stringMatching(/^(text|application)\/javascript$/)],
      [200, expect.stringMatching(/^(text|application)\/javascript$/)],
      [200, 'text/css'],
    ]);
  });
});
