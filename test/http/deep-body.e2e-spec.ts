import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const MIB = 2 ** 20;
const app = useTestApp();
let owner: Owner;

beforeAll(async () => {
  owner = await newOwner(app.api);
});

/** Nesting that fills a mebibyte. */
function filled(open: string, close: string, [front, middle, back] = ['', '', '']): string {
  const levels = Math.floor((MIB - (front + middle + back).length) / (open + close).length);
  return front + open.repeat(levels) + middle + close.repeat(levels) + back;
}

describe('a body of one mebibyte', () => {
  const bodies: [string, string, RegExp][] = [
    ['brackets that never close', '['.repeat(MIB), /^400 MALFORMED_BODY$/],
    ['objects that never close', '{"a":'.repeat(MIB / 5), /^400 MALFORMED_BODY$/],
    ['lists in lists', filled('[', ']'), /^400 MALFORMED_BODY$/],
    ['lists in a field', filled('[', ']', ['{"name":', '', '}']), /^400 VALIDATION_FAILED$/],
    ['objects in objects', filled('{"a":', '}', ['', '1', '']), /^400 VALIDATION_FAILED$/],
    ['a prototype below all', filled('{"a":', '}', ['', '{"__proto__":1}', '']), /^400 /],
    ['empty objects side by side', `{"a":[${'{},'.repeat(MIB / 3 - 4)}1]}`, /^400 VALIDATION_FAILED$/],
    ['names without end', `{${filled('"', '":1,')}"z":1}`.slice(0, MIB), /^400 /],
  ];

  it.each(bodies)('of %s is refused quickly, and others are served', async (_, body, problem) => {
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MIB);
    const start = performance.now();
    const headers = { 'content-type': 'application/json' };
    const [answer, other] = await Promise.all([
      owner.api.raw('POST', 'products', body, headers),
      owner.api.get('products'),
    ]);
    expect(problemIn(answer)).toMatch(problem);
    expect(other.status).toBe(200);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('can be sent twenty times at once', async () => {
    const body = filled('{"a":', '}', ['', '1', '']);
    const start = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        app.api.raw('POST', 'auth/login', body, { 'content-type': 'application/json' }),
      ),
    );
    expect(answers.map(problemIn)).toEqual(Array.from({ length: 20 }, () => '400 VALIDATION_FAILED'));
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
