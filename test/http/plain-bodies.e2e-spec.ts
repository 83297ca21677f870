import type { OpenAPIObject } from '@nestjs/swagger';
import { BODY_ROUTES } from '../support/body-routes';
import { type DescribedBody, describedBodies } from '../support/described-bodies';
import { newOwner, type Owner } from '../support/factories';
import { blamedIn, problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const STRANGER = { name: 'stranger', wrong: [1] };
const JSON_TYPE = { 'content-type': 'application/json' };
const app = useTestApp();
let owner: Owner;
let bodies: DescribedBody[];

beforeAll(async () => {
  owner = await newOwner(app.api);
  bodies = describedBodies((await app.api.get('/openapi.json')).body as OpenAPIObject);
});

/** Tests routes of new resources, without a line in the table of `bad-input`. */
describe('a body of plain fields, as described by openapi.json', () => {
  it('exists for every route with a body that is not in the table', () => {
    const inTable = BODY_ROUTES.map(({ route }) => route);
    const known = [...inTable, ...bodies.filter(({ fields }) => fields !== null).map(({ route }) => route)];
    expect([...new Set(known)].toSorted()).toEqual(bodies.map(({ route }) => route).toSorted());
  });

  it('is found for several routes', () => {
    const plain = bodies.flatMap(({ fields }) => fields ?? []);
    expect(plain.length).toBeGreaterThan(10);
  });

  it('may not be anything but a JSON object', async () => {
    for (const { route } of bodies) {
      for (const body of ['{', '[]', '"x"', '1', 'null'])
        expect([route, body, await ask(route, body)]).toEqual([route, body, '400 MALFORMED_BODY']);
      const csv = await ask(route, 'a,b', { 'content-type': 'text/csv' });
      expect([route, csv]).toEqual([route, '415 UNSUPPORTED_MEDIA_TYPE']);
    }
  });

  it('is refused for each field that is wrong, absent or unknown, and the error names no other', async () => {
    for (const { route, make, fields } of bodies)
      for (const { name, wrong } of fields === null ? [] : [...fields, STRANGER])
        for (const value of wrong) {
          const said = await ask(route, JSON.stringify({ ...make(), [name]: value }));
          expect({ route, value, said }).toEqual({ route, value, said: `400 VALIDATION_FAILED of ${name}` });
        }
  });
});

/** Bodies are validated before rows are read, so any id will do. */
async function ask(route: string, body: string, headers = JSON_TYPE): Promise<string> {
  const [method, path] = route.split(' ') as [string, string];
  const answer = await owner.api.raw(method, path.replaceAll(/\{\w+\}/g, owner.shop.id), body, headers);
  return [problemIn(answer), ...blamedIn(answer)].join(' of ');
}
