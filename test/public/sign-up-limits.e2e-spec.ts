import { newUser } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { atOnce, tally } from '../support/tokens';

const MOST = 5;

describe('sign-ups from one address', () => {
  const app = useTestApp({ NEW_SHOPS_PER_HOUR: String(MOST) });

  it('are limited per hour, even if sent at once, and the answer says when to retry', async () => {
    const signUp = (i: number) =>
      app.api.post('auth/register', { email: `rush-${i}@example.com`, password: 'correct horse' });
    let next = 0;
    const answers = await atOnce(() => signUp(next++));
    expect(tally(answers)).toEqual({ 201: MOST, '429 TOO_MANY_ATTEMPTS': answers.length - MOST });
    const refused = answers.find(({ status }) => status === 429)!;
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3000);
  });
});

describe('shops of one user', () => {
  const app = useTestApp({ NEW_SHOPS_PER_HOUR: String(MOST) });

  it('are limited per hour, without affecting another user', async () => {
    const [user, other] = await Promise.all([newUser(app.api), newUser(app.api)]);
    const answers = await atOnce(() => user.api.post('shops', { name: 'Further' }));
    expect(tally(answers)).toEqual({ 201: MOST, '429 TOO_MANY_ATTEMPTS': answers.length - MOST });
    expect(problemIn(await user.api.post('shops', { name: 'One more' }))).toBe('429 TOO_MANY_ATTEMPTS');
    expect((await other.api.post('shops', { name: 'Mine' })).status).toBe(201);
  });
});
