import { undocumentedIn } from '../support/answer-check';
import type { Answer } from '../support/api';
import { newMember, newOwner, newProduct } from '../support/factories';
import { backUp, useBackupFolder } from '../support/lifecycle';
import { type Document, type Operation, operationsOf } from '../support/openapi-document';
import { newOperator, type OperatorApi, useOperators } from '../support/operators';
import { randomFrom } from '../support/random';
import { RandomRequests } from '../support/random-requests';
import { RandomValues } from '../support/random-values';
import { size } from '../support/sizes';
import { useTestApp } from '../support/test-app';

const REQUESTS = size('OPERATOR_WALK', 400, 5000);
const SEED = size('OPERATOR_WALK_SEED', 1, 1);
/** Share of requests that fit the document. */
const HEALTHY = 0.6;
/** They would soon end the sessions of the walk. */
const ENDING = /logout|end-sessions|auth\/password|reset-totp/;

const folder = useBackupFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path });
const operators = useOperators(app);

describe("requests of the operators' API made at random from its openapi.json", () => {
  let document: Document;
  let operations: Operation[];
  let values: RandomValues;
  let people: OperatorApi[];

  beforeAll(async () => {
    document = (await operators.api.get('/openapi.json')).body as Document;
    operations = operationsOf(document).filter(({ path }) => !ENDING.test(path));
    values = new RandomValues(randomFrom(SEED), document.components.schemas);
    const [admin, operator, viewer] = await Promise.all(
      (['administrator', 'operator', 'viewer'] as const).map((role) => newOperator(app, operators, role)),
    );
    const api = admin!.api;
    people = [api, api, api, operator!.api, viewer!.api, operators.api, operators.api.as('x.y.z')];
    for (const owner of await Promise.all([newOwner(app.api), newOwner(app.api)])) {
      await newProduct(owner.api);
      await backUp(app, folder.path, owner.shop.id);
      const { email, user } = await newMember(owner);
      values.remember({ shop: owner.shop, email, user }, 'shops');
      values.keep('confirm', owner.shop.slug);
      people.push(operators.api.as(owner.api.token!)); // an owner has one
    }
    for (const { id } of await app.database.query<{ id: string }>('SELECT id FROM backups'))
      values.remember({ id }, 'backups');
  });

  const faultsOf = (operation: Operation, answer: Answer) =>
    undocumentedIn(operation, answer, document.components.schemas);

  it('get documented answers only, and no 5xx', async () => {
    const requests = new RandomRequests(values);
    const faults = new Map<string, object>();
    for (let sent = 0; sent < REQUESTS; sent++) {
      const operation = values.pick(operations);
      const request = requests.make(operation, values.chance(HEALTHY));
      const { method, address, body, headers } = request;
      const answer = await values.pick(people).raw(method, address, body, headers);
      const isKept = answer.status < 300 && typeof answer.body === 'object';
      if (isKept) values.remember(answer.body, address.split(/[/?]/)[3]!); // /operator/v1/<kind>
      const found = faultsOf(operation, answer);
      const kind = `${method} ${operation.path}: ${found[0]?.replaceAll(/\d+/g, '#')}`;
      if (found.length > 0) faults.set(kind, { found, request, status: answer.status });
    }
    expect(Object.fromEntries(faults)).toEqual({});
  }, 600_000);

  it('show an operation with its result as the document says', async () => {
    const list = operations.find(({ method, path }) => method === 'GET' && path.endsWith('/operations'))!;
    const answer = await people[0]!.get('operations?kind=backup&state=done');
    expect(answer.body.items[0].result).toMatchObject({ saved: 1 });
    expect(faultsOf(list, answer)).toEqual([]);
  });
});
