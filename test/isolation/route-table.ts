import { randomUUID } from 'node:crypto';
import { newUser, PASSWORD } from '../support/factories';
import { type Identity, imageOf, type Kind, ONE_EXPORT, oneImport, type Person } from './identities';

/** Parts of a request in addition to its path, whose ids are filled in by name. */
export interface Parts {
  query?: Record<string, string>;
  json?: object;
  raw?: RequestInit['body'];
  headers?: Record<string, string>;
}

/** A place of a request that can hold an id, such as `path.id` or `body.lines.0.variantId`. */
export interface IdParameter {
  kind: Kind;
  /** Answer to an id of another shop and to one of no shop. The two bodies must be equal. */
  refused: string;
  /** Set if only this id's own test sends it: the answer to an id of the own shop. */
  own?: string;
}

export interface RouteEntry {
  /** As openapi.json writes it. */
  route: string;
  /** Distinguishes several entries for one route. */
  note?: string;
  /** open: needs no token. user: any good token. tenant: a token that names a shop. */
  access: 'open' | 'user' | 'tenant';
  /** Answer to a valid request. */
  ok: string;
  ids?: Record<string, IdParameter>;
  /** @param as sender of the request or, on open routes, the person named in the body */
  parts?: (id: Record<string, string>, as: Person) => Parts | Promise<Parts>;
  /** Answers that differ from those that `access` gives an identity. */
  answers?: Partial<Record<Identity, string>>;
  /** The route is not in openapi.json. */
  undescribed?: boolean;
}

const PRODUCT: IdParameter = { kind: 'product', refused: '404 PRODUCT_NOT_FOUND' };
const IMAGE: IdParameter = { kind: 'image', refused: '404 IMAGE_NOT_FOUND' };
const ORDER: IdParameter = { kind: 'order', refused: '404 ORDER_NOT_FOUND' };
const VARIANT: IdParameter = { kind: 'variant', refused: '404 VARIANT_NOT_FOUND' };
const IMPORT: IdParameter = { kind: 'import', refused: '404 IMPORT_NOT_FOUND' };
const OPERATION: IdParameter = { kind: 'operation', refused: '404 OPERATION_NOT_FOUND' };
const LINE: IdParameter = { kind: 'variant', refused: '404 ORDER_LINE_NOT_FOUND' };
const withLine = ({ 'body.lines.0.variantId': variantId }: Record<string, string>, fields = {}): Parts =>
  variantId === undefined ? {} : { json: { lines: [{ variantId, quantity: 1 }], ...fields } };
const CUSTOMER: IdParameter = { kind: 'customer', refused: '404 CUSTOMER_NOT_FOUND' };
const MEMBER: IdParameter = { kind: 'member', refused: '404 MEMBER_NOT_FOUND' };
const SHOP: IdParameter = { kind: 'shop', refused: '404 SHOP_NOT_FOUND' };
/** A cursor is only a starting point: another shop's cursor gives rows of the own shop, or none. */
const cursor = (kind: Kind): IdParameter => ({ kind, refused: '200', own: '200' });
const withCursor = (kind: Kind): Pick<RouteEntry, 'ids' | 'parts'> => ({
  ids: { 'query.cursor': cursor(kind) },
  parts: ({ 'query.cursor': after }) => (after === undefined ? {} : { query: { cursor: after } }),
});

/** Recorded changes of a resource, whose cursors are entries of the shop's own record. */
function changesOf(kind: 'product' | 'variant' | 'order' | 'customer'): RouteEntry {
  const refusal = kind === 'order' ? '400 INVALID_CURSOR' : '200';
  return {
    ...{ route: 'GET /api/v1/audit', note: `of each ${kind}`, access: 'tenant', ok: '200' },
    ids: {
      'query.cursor': { kind: 'auditEntry', refused: refusal, own: refusal },
      'query.actorId': { kind: 'user', refused: '400 VALIDATION_FAILED', own: '400 VALIDATION_FAILED' },
      'query.id': cursor(kind),
    },
    parts: (id) => {
      const [after, actor, row] = [id['query.cursor'], id['query.actorId'], id['query.id']];
      const filters = { ...(after && { cursor: after }), ...(actor && { actorId: actor }) };
      return { query: { resource: `${kind}s`, limit: '100', ...filters, ...(row && { id: row }) } };
    },
  };
}

const CSV = `Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\nkit,Kit,kit,1.00,1\n`;
const signIn = ({ email, api }: Person) => api.as().post('auth/login', { email, password: PASSWORD });

/** Every route with the answer that each identity must get. A new route may need an entry: docs/isolation-kit.md. */
export const ROUTES: RouteEntry[] = [
  { route: 'GET /health/live', access: 'open', ok: '200' },
  { route: 'GET /health/ready', access: 'open', ok: '200' },
  {
    route: 'POST /api/v1/auth/register',
    access: 'open',
    ok: '201',
    parts: () => ({ json: { email: `${randomUUID()}@example.com`, password: PASSWORD } }),
  },
  {
    route: 'POST /api/v1/auth/login',
    access: 'open',
    ok: '200',
    ids: { 'body.shopId': SHOP },
    parts: (id, { email }) => ({ json: { email, password: PASSWORD, shopId: id['body.shopId'] } }),
  },
  {
    route: 'POST /api/v1/auth/refresh',
    access: 'open',
    ok: '200',
    parts: async (_id, as) => ({ json: { refreshToken: (await signIn(as)).body.refreshToken } }),
  },
  {
    route: 'POST /api/v1/auth/logout',
    access: 'open',
    ok: '204',
    parts: async (_id, as) => ({ json: { refreshToken: (await signIn(as)).body.refreshToken } }),
  },
  {
    route: 'POST /api/v1/auth/switch',
    access: 'user',
    ok: '200',
    ids: { 'body.shopId': SHOP },
    parts: async (id, as) => ({
      json: { shopId: id['body.shopId'], refreshToken: (await signIn(as)).body.refreshToken },
    }),
  },
  {
    route: 'POST /api/v1/auth/password',
    access: 'user',
    ok: '401 INVALID_CREDENTIALS', // the right password would end the sessions that the kit uses
    parts: () => ({ json: { currentPassword: 'not the password', newPassword: PASSWORD } }),
  },
  {
    route: 'POST /api/v1/auth/reset-password',
    access: 'open',
    ok: '401 RESET_TOKEN_INVALID', // only an operator can issue a token
    parts: () => ({ json: { token: 'unknown', newPassword: PASSWORD } }),
  },
  { route: 'GET /.well-known/jwks.json', access: 'open', ok: '200' },
  { route: 'GET /api/v1/me', access: 'user', ok: '200' },
  { route: 'GET /api/v1/shops', access: 'user', ok: '200', ...withCursor('shop') },
  {
    route: 'POST /api/v1/shops',
    access: 'user',
    ok: '201',
    parts: (_id, { marker }) => ({ json: { name: `Further ${marker}` } }),
  },
  { route: 'GET /api/v1/shops/{id}', access: 'user', ok: '200', ids: { 'path.id': SHOP } },
  {
    route: 'PATCH /api/v1/shops/{id}',
    access: 'user',
    ok: '200',
    ids: { 'path.id': SHOP, 'body.id': { kind: 'shop', refused: '400 VALIDATION_FAILED', own: '200' } },
    parts: (id, { marker }) => ({ json: { name: `Renamed ${marker}`, id: id['body.id'] } }),
  },
  {
    route: 'PATCH /api/v1/settings',
    access: 'tenant',
    ok: '200',
    ids: { 'body.id': { kind: 'shop', refused: '400 VALIDATION_FAILED', own: '200' } },
    parts: (id, { marker }) => ({ json: { name: `Settled ${marker}`, id: id['body.id'] } }),
  },
  {
    route: 'GET /api/v1/shops/{id}/members',
    access: 'user',
    ok: '200',
    ids: { 'path.id': SHOP, 'query.cursor': cursor('user') },
    parts: ({ 'query.cursor': after }) => (after === undefined ? {} : { query: { cursor: after } }),
  },
  {
    route: 'POST /api/v1/shops/{id}/members',
    access: 'user',
    ok: '201',
    ids: { 'path.id': SHOP },
    parts: async (_id, { api }) => ({ json: { email: (await newUser(api)).email, role: 'staff' } }),
  },
  {
    route: 'PATCH /api/v1/shops/{id}/members/{userId}',
    access: 'user',
    ok: '200',
    ids: { 'path.id': SHOP, 'path.userId': MEMBER },
    parts: () => ({ json: { role: 'admin' } }),
  },
  {
    route: 'DELETE /api/v1/shops/{id}/members/{userId}',
    access: 'user',
    ok: '204',
    ids: { 'path.id': SHOP, 'path.userId': MEMBER },
  },
  {
    route: 'POST /api/v1/exports',
    access: 'tenant',
    ok: '202',
    parts: () => ({ headers: ONE_EXPORT }),
  },
  { route: 'GET /api/v1/operations', access: 'tenant', ok: '200', ...withCursor('operation') },
  { route: 'GET /api/v1/operations/{id}', access: 'tenant', ok: '200', ids: { 'path.id': OPERATION } },
  {
    route: 'POST /api/v1/operations/{id}/cancel',
    access: 'tenant',
    ok: '200',
    ids: { 'path.id': OPERATION },
  },
  {
    route: 'GET /api/v1/operations/{id}/file',
    access: 'tenant',
    ok: '404 OPERATION_FILE_NOT_FOUND', // nothing runs operations here
    ids: { 'path.id': OPERATION },
  },
  {
    route: 'GET /api/v1/audit',
    access: 'tenant',
    ok: '200',
    ids: {
      'query.cursor': cursor('auditEntry'),
      'query.actorId': cursor('user'),
      'query.id': cursor('product'),
    },
    parts: (id) => {
      const [after, actor, row] = [id['query.cursor'], id['query.actorId'], id['query.id']];
      const ofRow = row && { resource: 'products', id: row };
      return {
        query: { ...(after && { cursor: after }), ...(actor && { actorId: actor }), ...(ofRow || {}) },
      };
    },
  },
  ...(['product', 'variant', 'order', 'customer'] as const).map(changesOf),
  { route: 'GET /api/v1/products', access: 'tenant', ok: '200', ...withCursor('product') },
  {
    route: 'POST /api/v1/products',
    access: 'tenant',
    ok: '201',
    ids: {
      // a new product has no variant yet, so a variant of the own shop is not found either
      'body.variants.0.id': {
        kind: 'variant',
        refused: '404 VARIANT_NOT_FOUND',
        own: '404 VARIANT_NOT_FOUND',
      },
    },
    parts: (id, { marker }) => ({
      json: { name: `New ${marker}`, variants: [{ id: id['body.variants.0.id'], priceMinor: 1 }] },
    }),
  },
  {
    route: 'POST /api/v1/products/import',
    note: 'as text/csv',
    access: 'tenant',
    ok: '200',
    parts: () => ({ raw: CSV, headers: { 'content-type': 'text/csv' } }),
  },
  {
    route: 'POST /api/v1/products/import',
    note: 'left to a worker',
    access: 'tenant',
    ok: '202',
    parts: () => ({ raw: CSV, headers: oneImport('queued') }),
  },
  {
    route: 'POST /api/v1/products/import',
    note: 'as a form',
    access: 'tenant',
    ok: '200',
    parts: () => {
      const raw = new FormData();
      raw.set('file', new Blob([CSV], { type: 'text/csv' }), 'kit.csv');
      return { raw };
    },
  },
  { route: 'GET /api/v1/products/{id}', access: 'tenant', ok: '200', ids: { 'path.id': PRODUCT } },
  { route: 'GET /api/v1/products/{id}/similar', access: 'tenant', ok: '200', ids: { 'path.id': PRODUCT } },
  {
    route: 'PATCH /api/v1/products/{id}',
    access: 'tenant',
    ok: '200',
    ids: {
      'path.id': PRODUCT,
      'body.variants.0.id': { kind: 'variant', refused: '404 VARIANT_NOT_FOUND' },
      'body.id': { kind: 'product', refused: '400 VALIDATION_FAILED', own: '200' },
    },
    parts: (id) => ({
      json: {
        variants: [{ id: id['body.variants.0.id'], priceMinor: 2 }],
        ...(id['body.id'] === undefined ? {} : { id: id['body.id'] }),
      },
    }),
  },
  {
    route: 'POST /api/v1/products/{id}/variants',
    access: 'tenant',
    ok: '201',
    ids: { 'path.id': PRODUCT },
    parts: () => ({ json: { optionValues: { Size: randomUUID() }, priceMinor: 1 } }),
  },
  {
    route: 'POST /api/v1/products/{id}/images',
    access: 'tenant',
    ok: '201',
    ids: { 'path.id': PRODUCT },
    parts: (_id, as) => ({ raw: imageOf(as), headers: { 'content-type': 'image/png' } }),
  },
  {
    route: 'GET /api/v1/products/{id}/images/{name}',
    access: 'tenant',
    ok: '200',
    ids: { 'path.id': PRODUCT, 'path.name': IMAGE },
  },
  {
    route: 'DELETE /api/v1/products/{id}/images/{name}',
    access: 'tenant',
    ok: '204',
    ids: { 'path.id': PRODUCT, 'path.name': IMAGE },
  },
  { route: 'GET /api/v1/variants', access: 'tenant', ok: '200', ...withCursor('variant') },
  {
    route: 'POST /api/v1/variants/bulk',
    access: 'tenant',
    ok: '200',
    ids: { 'body.variants.0.id': { kind: 'variant', refused: '200', own: '200' } }, // refuses the item alone
    parts: (id) => ({
      json: { variants: [{ id: id['body.variants.0.id'] ?? randomUUID(), priceMinor: 2 }] },
    }),
  },
  { route: 'GET /api/v1/variants/{id}', access: 'tenant', ok: '200', ids: { 'path.id': VARIANT } },
  {
    route: 'PATCH /api/v1/variants/{id}',
    access: 'tenant',
    ok: '200',
    ids: {
      'path.id': VARIANT,
      'body.id': { kind: 'variant', refused: '400 VALIDATION_FAILED', own: '200' },
      'body.productId': { kind: 'product', refused: '400 VALIDATION_FAILED', own: '200' },
    },
    parts: (id) => ({ json: { priceMinor: 2, id: id['body.id'], productId: id['body.productId'] } }),
  },
  {
    route: 'DELETE /api/v1/variants/{id}',
    access: 'tenant',
    ok: '409 LAST_VARIANT',
    ids: { 'path.id': VARIANT },
  },
  {
    route: 'POST /api/v1/variants/{id}/stock',
    access: 'tenant',
    ok: '200',
    ids: { 'path.id': VARIANT },
    parts: () => ({ json: { delta: 1, reason: 'Counted' } }),
  },
  {
    route: 'GET /api/v1/variants/{id}/stock-changes',
    access: 'tenant',
    ok: '200',
    ids: { 'path.id': VARIANT, 'query.cursor': cursor('variant') },
    parts: ({ 'query.cursor': after }) => (after === undefined ? {} : { query: { cursor: after } }),
  },
  { route: 'DELETE /api/v1/products/{id}', access: 'tenant', ok: '204', ids: { 'path.id': PRODUCT } },
  {
    route: 'GET /api/v1/orders',
    access: 'tenant',
    ok: '200',
    ids: { 'query.cursor': cursor('orderNumber'), 'query.customerId': cursor('customer') },
    parts: (id) => {
      const [after, customer] = [id['query.cursor'], id['query.customerId']];
      return { query: { ...(after && { cursor: after }), ...(customer && { customerId: customer }) } };
    },
  },
  {
    route: 'POST /api/v1/orders',
    access: 'tenant',
    ok: '201',
    ids: {
      'body.lines.0.productId': PRODUCT,
      'body.lines.0.variantId': { kind: 'variant', refused: '404 VARIANT_NOT_FOUND', own: '201' },
    },
    parts: (id) => {
      const variantId = id['body.lines.0.variantId'];
      const named = variantId === undefined ? { productId: id['body.lines.0.productId'] } : { variantId };
      return { json: { lines: [{ ...named, quantity: 1 }] } };
    },
  },
  { route: 'GET /api/v1/orders/{id}', access: 'tenant', ok: '200', ids: { 'path.id': ORDER } },
  { route: 'POST /api/v1/orders/{id}/pay', access: 'tenant', ok: '200', ids: { 'path.id': ORDER } },
  {
    route: 'POST /api/v1/orders/{id}/fulfil',
    access: 'tenant',
    ok: '200',
    ids: { 'path.id': { ...ORDER, kind: 'paidOrder' }, 'body.lines.0.variantId': { ...LINE, own: '200' } },
    parts: (ids) => withLine(ids),
  },
  {
    route: 'POST /api/v1/orders/{id}/cancel',
    access: 'tenant',
    ok: '200',
    ids: { 'path.id': ORDER, 'body.lines.0.variantId': { ...LINE, own: '200' } },
    parts: (ids) => withLine(ids),
  },
  {
    route: 'POST /api/v1/orders/{id}/refund',
    access: 'tenant',
    ok: '200',
    ids: {
      'path.id': { ...ORDER, kind: 'paidOrder' },
      'body.lines.0.variantId': { ...LINE, own: '409 QUANTITY_EXCEEDED' }, // it was not handed over
    },
    parts: (ids) => withLine(ids, { amountMinor: 1 }),
  },
  {
    route: 'GET /api/v1/orders/{id}/events',
    access: 'tenant',
    ok: '200',
    ids: { 'path.id': ORDER, 'query.cursor': cursor('order') },
    parts: ({ 'query.cursor': after }) => (after === undefined ? {} : { query: { cursor: after } }),
  },
  {
    route: 'POST /api/v1/customers',
    access: 'tenant',
    ok: '201',
    parts: (_id, { marker }) => ({ json: { name: `Customer ${marker}` } }),
  },
  { route: 'GET /api/v1/customers', access: 'tenant', ok: '200', ...withCursor('customer') },
  {
    route: 'GET /api/v1/customers/{id}',
    access: 'tenant',
    ok: '200',
    ids: { 'path.id': CUSTOMER },
  },
  { route: 'GET /api/v1/imports', access: 'tenant', ok: '200', ...withCursor('import') },
  { route: 'GET /api/v1/imports/{id}', access: 'tenant', ok: '200', ids: { 'path.id': IMPORT } },
  { route: 'POST /api/v1/imports/{id}/undo', access: 'tenant', ok: '200', ids: { 'path.id': IMPORT } },
  {
    route: 'PATCH /api/v1/customers/{id}',
    access: 'tenant',
    ok: '200',
    ids: {
      'path.id': CUSTOMER,
      'body.id': { kind: 'customer', refused: '400 VALIDATION_FAILED', own: '200' },
    },
    parts: (id, { marker }) => ({ json: { name: `Renamed ${marker}`, id: id['body.id'] } }),
  },
  { route: 'DELETE /api/v1/customers/{id}', access: 'tenant', ok: '204', ids: { 'path.id': CUSTOMER } },
  { route: 'GET /openapi.json', access: 'open', ok: '200', undescribed: true },
  { route: 'GET /docs', access: 'open', ok: '200', undescribed: true },
  { route: 'GET /docs-yaml', access: 'open', ok: '200', undescribed: true },
  { route: 'GET /api/v1/nowhere', access: 'open', ok: '404 ROUTE_NOT_FOUND', undescribed: true },
];

/** Files of the page /docs, for which the table has one entry. */
export const PAGE_FILES = /^GET \/docs\//;
