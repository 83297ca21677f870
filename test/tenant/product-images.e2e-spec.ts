import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TenantJobs } from '../../src/operations/tenant-jobs/tenant-jobs';
import { AccessDirectory } from '../../src/tenancy/access-directory';
import { TenantConnection } from '../../src/tenancy/tenant-connection';
import { TenantCache } from '../../src/tenancy/tenant-cache';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import type { Answer } from '../support/api';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const folder = mkdtempSync(path.join(tmpdir(), 'images-'));
afterAll(() => rmSync(folder, { recursive: true }));
const app = useTestApp({ FILES_TARGET: folder, IMAGE_MAX_MB: '1' });

const PNG = Buffer.from('\x89PNG\r\n\x1a\nof the shop', 'latin1');
const GIF = Buffer.from('GIF89a of the shop', 'latin1');

let owner: Owner;
let product: { id: string };
beforeAll(async () => {
  owner = await newOwner(app.api);
});
beforeEach(async () => {
  product = await newProduct(owner.api);
});

const imagesOf = async (id = product.id) => (await owner.api.get(`products/${id}`)).body.images;
const upload = (body: Buffer<ArrayBuffer>, headers: Record<string, string> = {}, id = product.id) =>
  owner.api.raw('POST', `products/${id}/images`, body, { 'content-type': 'image/png', ...headers });
const added = async (body = PNG): Promise<string> => (await upload(body)).body.src as string;
const nameIn = (src: string) => src.split('/').at(-1)!;
const folderOf = ({ shop }: Owner) => path.join(folder, 'shops', shop.id as string, 'images');
const stored = () => (existsSync(folderOf(owner)) ? readdirSync(folderOf(owner)).toSorted() : []);

/** Files that this test has stored. */
const newSince = async (before: string[], work: () => Promise<unknown>) => {
  await work();
  return stored().filter((name) => !before.includes(name));
};

async function download(src: string, headers: Record<string, string> = {}) {
  const response = await fetch(app.url + src, {
    headers: { authorization: `Bearer ${owner.accessToken}`, ...headers },
  });
  return {
    status: response.status,
    headers: response.headers,
    body: Buffer.from(await response.arrayBuffer()),
  };
}

/** Does the job of every night in the owner's shop. */
async function sweep(): Promise<void> {
  const get = <T>(type: abstract new (...args: never[]) => T) =>
    app.app.get<T>(type as never, { strict: false });
  const access = await get(AccessDirectory).enterAsOwner(owner.shop.id as string);
  const connection = new TenantConnection(
    { tenant: access },
    get(TenantDatabase),
    get(AccessDirectory),
    get(TenantCache),
  );
  await get(TenantJobs).handlers.get('sweep-images')!.run(connection, {}, new AbortController().signal);
}

/** Lets a file be of the day before yesterday. */
function age(name: string): void {
  const then = new Date(Date.now() - 2 * 86_400_000);
  utimesSync(path.join(folderOf(owner), name), then, then);
}

describe('POST /products/:id/images', () => {
  it('stores the image in the folder of the shop, and the product lists it behind the others', async () => {
    await owner.api.patch(`products/${product.id}`, {
      images: [{ src: 'https://example.com/a.jpg', position: 7 }],
    });
    const { status, body } = await upload(PNG);
    expect([status, body]).toEqual([201, { src: expect.any(String) as string, position: 8, alt: null }]);
    expect(stored()).toContain(nameIn(body.src as string));
    expect((await imagesOf()).map(({ src }: { src: string }) => src)).toEqual([
      'https://example.com/a.jpg',
      body.src,
    ]);
  });

  it('tells the kind by the first bytes and not by the header', async () => {
    const src = await added(GIF);
    expect(src).toMatch(/\.gif$/);
    expect((await download(src)).headers.get('content-type')).toBe('image/gif');
  });

  it('refuses what is no image, and stores nothing', async () => {
    const files = ['', 'GIF', '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', '<!doctype html>'];
    const before = stored();
    for (const file of files) {
      const answer = await upload(Buffer.from(file), { 'content-type': 'image/svg+xml' });
      expect([file, problemIn(answer)]).toEqual([file, '415 NOT_AN_IMAGE']);
    }
    expect([stored(), await imagesOf()]).toEqual([before, []]);
  });

  it('takes images only', async () => {
    for (const type of ['text/csv', 'text/html', 'multipart/form-data; boundary=x'])
      expect([type, (await upload(PNG, { 'content-type': type })).status]).toEqual([type, 415]);
    expect((await upload(Buffer.from('{}'), { 'content-type': 'application/json' })).status).toBe(415);
    for (const type of [undefined, 'application/pdf', 'text/csv']) {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const { body } = await owner.api.raw('POST', `products/${product.id}/images`, PNG, headers);
      expect([body.code, body.detail]).toEqual([
        'UNSUPPORTED_MEDIA_TYPE',
        expect.stringContaining('image/png'),
      ]);
    }
    const csv = await owner.api.raw('POST', 'products/import', PNG, { 'content-type': 'image/png' });
    expect(problemIn(csv)).toBe('415 UNSUPPORTED_MEDIA_TYPE');
  });

  it('refuses an image beyond IMAGE_MAX_MB, and takes one of that size', async () => {
    const large = (bytes: number) => Buffer.concat([PNG, Buffer.alloc(bytes - PNG.length)]);
    expect(problemIn(await upload(large(1_048_577)))).toBe('413 BODY_TOO_LARGE');
    expect((await upload(large(1_048_576))).status).toBe(201);
  });

  it('stores nothing for a product that is not there', async () => {
    const before = stored();
    expect(problemIn(await upload(PNG, {}, owner.shop.id as string))).toBe('404 PRODUCT_NOT_FOUND');
    expect(stored()).toEqual(before);
  });

  it('stores one image for several requests with one Idempotency-Key', async () => {
    const before = stored();
    const answers: Answer[] = [];
    const files = await newSince(before, async () => {
      for (let time = 1; time <= 3; time++)
        answers.push(await upload(PNG, { 'idempotency-key': 'one-image' }));
    });
    expect(new Set(answers.map(({ body }) => body.src as string)).size).toBe(1);
    expect(files).toEqual([nameIn(answers[0]!.body.src as string)]);
  });

  it('keeps all images that are added at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => upload(PNG)));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(201));
    expect((await imagesOf()).map(({ position }: { position: number }) => position)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });
});

describe('GET /products/:id/images/:name', () => {
  it('sends the image so that a browser shows it and takes it for nothing else', async () => {
    const src = await added();
    const { status, headers, body } = await download(src);
    expect([status, body.equals(PNG)]).toEqual([200, true]);
    expect(Object.fromEntries(headers)).toMatchObject({
      ...{ 'content-type': 'image/png', 'content-length': String(PNG.length) },
      ...{ 'content-disposition': `inline; filename="${nameIn(src)}"`, 'x-content-type-options': 'nosniff' },
      ...{ 'cache-control': 'private, no-cache', etag: `"${nameIn(src)}"` },
    });
  });

  it('answers 304 to a client that has it', async () => {
    const src = await added();
    const { headers } = await download(src);
    const again = await download(src, { 'if-none-match': headers.get('etag')! });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    expect((await download(src, { 'if-none-match': '"another"' })).status).toBe(200);
  });

  it('is refused without a token', async () => {
    expect((await fetch(app.url + (await added()))).status).toBe(401);
  });

  it.each([
    '..%2f..%2fsecret.png',
    '%2e%2e%2fsecret.png',
    '..%5csecret.png',
    '%252e%252e%252fsecret.png',
    '.hidden',
    'secret.png',
    `${'x'.repeat(99)}`,
    '%2fetc%2fpasswd',
  ])('finds nothing by the name %s', async (name) => {
    await added();
    expect(problemIn(await owner.api.get(`products/${product.id}/images/${name}`))).toBe(
      '404 IMAGE_NOT_FOUND',
    );
    expect(problemIn(await owner.api.delete(`products/${product.id}/images/${name}`))).toBe(
      '404 IMAGE_NOT_FOUND',
    );
  });

  it('finds no image of another product of the shop', async () => {
    const name = nameIn(await added());
    const other = await newProduct(owner.api);
    expect(problemIn(await owner.api.get(`products/${other.id}/images/${name}`))).toBe('404 IMAGE_NOT_FOUND');
  });

  it('finds no image of another shop by its product, its name or its address', async () => {
    const src = await added();
    const { api } = await newOwner(app.api);
    const own = await newProduct(api);
    expect(problemIn(await api.get(src))).toBe('404 PRODUCT_NOT_FOUND');
    expect(problemIn(await api.get(`products/${own.id}/images/${nameIn(src)}`))).toBe('404 IMAGE_NOT_FOUND');
    expect(problemIn(await api.patch(`products/${own.id}`, { images: [{ src }] }))).toBe(
      '400 VALIDATION_FAILED',
    );
    expect(problemIn(await api.post('products', { name: 'x', priceMinor: 1, images: [{ src }] }))).toBe(
      '400 VALIDATION_FAILED',
    );
  });
});

describe('a stored image', () => {
  it('is removed with its file', async () => {
    const src = await added();
    expect((await owner.api.delete(src)).status).toBe(204);
    expect([await imagesOf(), stored().includes(nameIn(src))]).toEqual([[], false]);
    expect(problemIn(await owner.api.delete(src))).toBe('404 IMAGE_NOT_FOUND');
  });

  it('is removed with its product', async () => {
    const src = await added();
    expect((await owner.api.delete(`products/${product.id}`)).status).toBe(204);
    expect(stored()).not.toContain(nameIn(src));
  });

  it('keeps its file as long as a change of the product names it', async () => {
    const [first, second] = [await added(), await added(GIF)];
    const { images } = (await owner.api.get(`products/${product.id}`)).body;
    const named = images
      .toReversed()
      .map((image: object, i: number) => ({ ...image, position: i + 1, alt: 'Tee' }));
    expect((await owner.api.patch(`products/${product.id}`, { images: named })).status).toBe(200);
    expect((await owner.api.patch(`products/${product.id}`, { name: 'Renamed' })).status).toBe(200);
    expect((await imagesOf()).map(({ src }: { src: string }) => src)).toEqual([second, first]);
    expect((await owner.api.patch(`products/${product.id}`, { images: [{ src: second }] })).status).toBe(200);
    expect([stored().includes(nameIn(first)), stored().includes(nameIn(second))]).toEqual([false, true]);
  });

  it('keeps its file when a change is refused', async () => {
    const src = await added();
    await newProduct(owner.api, { handle: 'taken' });
    const answer = await owner.api.patch(`products/${product.id}`, { images: [], handle: 'taken' });
    expect([problemIn(answer), (await download(src)).status]).toEqual(['409 HANDLE_TAKEN', 200]);
  });

  it('is neither in an exported catalogue nor removed by an import', async () => {
    const src = await added();
    const csv = (await owner.api.get('products/export')).body as string;
    expect(csv).not.toContain('/images/');
    const { status } = await owner.api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
    expect([status, (await imagesOf()).map((image: { src: string }) => image.src)]).toEqual([200, [src]]);
  });
});

describe('the sweep of every night', () => {
  it('removes old files that no product shows, and no other', async () => {
    const [shown, lost, fresh] = [await added(), await added(), await added()].map(nameIn);
    await app.database.query(
      `UPDATE "shop_${(owner.shop.id as string).replaceAll('-', '')}".products
       SET images = jsonb_path_query_array(images, '$[0]') WHERE id = $1`,
      [product.id],
    );
    for (const name of [shown!, lost!]) age(name);
    await sweep();
    const left = stored();
    expect([left.includes(shown!), left.includes(lost!), left.includes(fresh!)]).toEqual([true, false, true]);
  });
});
