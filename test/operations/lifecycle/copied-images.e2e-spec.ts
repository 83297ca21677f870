import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Operation } from '../../../src/operations/lifecycle/operation.entity';
import { reconcile } from '../../../src/operations/lifecycle/reconcile/reconcile';
import { ShopStatusService } from '../../../src/public/shops/shop-status.service';
import { BY_COMMAND } from '../../../src/tenancy/audit-log';
import { TOOLS, type Tools } from '../../../src/operations/lifecycle/operation-kind';
import { newOwner, newProduct, type Owner, PASSWORD } from '../../support/factories';
import { backUp, operate, useBackupFolder } from '../../support/lifecycle';
import { useTestApp } from '../../support/test-app';

const folder = useBackupFolder();
const place = mkdtempSync(path.join(tmpdir(), 'copied-images-'));
afterAll(() => rmSync(place, { recursive: true }));
const app = useTestApp({ BACKUP_TARGET: folder.path, FILES_TARGET: place });
let slugs = 0;

const folderOf = (shopId: string) => path.join(place, 'shops', shopId, 'images');
const filesOf = (shopId: string) =>
  existsSync(folderOf(shopId)) ? readdirSync(folderOf(shopId)).toSorted() : [];
const folders = () => readdirSync(path.join(place, 'shops')).toSorted();
const nameIn = (src: string) => src.split('/').at(-1)!;
const contentOf = (image: string) => Buffer.from(`\x89PNG\r\n\x1a\n${image}`, 'latin1');

/** A shop with two products, of which one shows two images. @returns it and the addresses of the images */
async function shopWithImages(): Promise<Owner & { images: string[]; productId: string }> {
  const owner = await newOwner(app.api);
  await newProduct(owner.api);
  const { id: productId } = await newProduct(owner.api);
  const images: string[] = [];
  for (const image of ['front', 'back']) images.push(await addImage(owner, productId, image));
  return { ...owner, images, productId };
}

async function addImage({ api }: Owner, productId: string, image: string): Promise<string> {
  const headers = { 'content-type': 'image/png' };
  const { body } = await api.raw('POST', `products/${productId}/images`, contentOf(image), headers);
  return body.src as string;
}

const clone = (shopId: string, input: object = {}) =>
  operate(app, {
    kind: 'clone',
    input: { shop: shopId, as: `copy-${++slugs}`, name: null, without: [], isAnonymised: false, ...input },
  });
const restore = (file: string, input: object = {}) =>
  operate(app, {
    kind: 'restore',
    input: { file, as: null, over: null, tables: null, ...input },
  });
const idOf = ({ result }: Operation) => (result as { id: string }).id;

/** Downloads an image as a member of this shop. */
async function download(
  owner: Owner,
  shopId: string,
  src: string,
): Promise<{ status: number; body: Buffer }> {
  const { email } = owner;
  const { body } = await app.api.post('auth/login', { email, password: PASSWORD, shopId });
  const answer = await fetch(app.url + src, { headers: { authorization: `Bearer ${body.accessToken}` } });
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
}

async function remove(shopId: string): Promise<Operation> {
  await app.app.get(ShopStatusService).remove(shopId, BY_COMMAND);
  await app.database.query(`UPDATE shops SET deleted_at = now() - interval '1 day' WHERE id = $1`, [shopId]);
  return operate(app, { kind: 'purge', input: { shop: shopId, isArchived: false } });
}

describe('images of a clone', () => {
  it('are files of its own, which outlive those of the shop', async () => {
    const source = await shopWithImages();
    const done = await clone(source.shop.id);
    expect(done).toMatchObject({ state: 'done', result: { images: 2, missingImages: 0 } });
    const id = idOf(done);
    const inode = (shopId: string, src: string) => statSync(path.join(folderOf(shopId), nameIn(src))).ino;
    for (const src of source.images) expect(inode(id, src)).not.toBe(inode(source.shop.id, src));
    await source.api.delete(source.images[0]!.replace('/api/v1/', ''));
    expect(filesOf(source.shop.id)).toEqual([nameIn(source.images[1]!)]);
    for (const [index, image] of ['front', 'back'].entries())
      expect(await download(source, id, source.images[index]!)).toEqual({
        status: 200,
        body: contentOf(image),
      });
  });

  it('are those of that time: the clone does not reach what the shop adds later', async () => {
    const source = await shopWithImages();
    const id = idOf(await clone(source.shop.id));
    const later = await addImage(source, source.productId, 'later');
    expect((await download(source, source.shop.id, later)).status).toBe(200);
    expect((await download(source, id, later)).status).toBe(404);
    expect(filesOf(id)).toEqual(source.images.map(nameIn).toSorted());
  });

  it('are those that its products show: neither others nor any without products', async () => {
    const source = await shopWithImages();
    writeFileSync(path.join(folderOf(source.shop.id), 'of-nobody.png'), 'x');
    expect(filesOf(idOf(await clone(source.shop.id, { isAnonymised: true })))).toEqual(
      source.images.map(nameIn).toSorted(),
    );
    const empty = await clone(source.shop.id, { without: ['products'] });
    expect(empty.result).toMatchObject({ images: 0, missingImages: 0 });
    expect(folders()).not.toContain(idOf(empty));
  });

  it('go with a clone that fails', async () => {
    const source = await shopWithImages();
    const before = folders();
    const failed = await clone(source.shop.id, { as: source.shop.slug });
    expect(failed).toMatchObject({
      state: 'failed',
      error: { code: 'SLUG_TAKEN' },
      checkpoint: { hasFiles: true },
    });
    expect(folders()).toEqual(before);
    expect(filesOf(source.shop.id)).toHaveLength(2);
  });

  it('end it when their place refuses, and leave nothing', async () => {
    const source = await shopWithImages();
    const away = path.join(place, 'away');
    renameSync(folderOf(source.shop.id), away);
    symlinkSync(away, folderOf(source.shop.id));
    const before = folders();
    const failed = await clone(source.shop.id);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'FILES_UNAVAILABLE' } });
    expect([folders(), await app.database.query('SELECT FROM held_tenants')]).toEqual([before, []]);
    rmSync(folderOf(source.shop.id));
    renameSync(away, folderOf(source.shop.id));
  });
});

describe('images of a restored shop', () => {
  it('are copied as far as they are there, and the others are counted', async () => {
    const source = await shopWithImages();
    const file = await backUp(app, folder.path, source.shop.id);
    await source.api.delete(source.images[0]!.replace('/api/v1/', ''));
    const done = await restore(file, { as: `copy-${++slugs}` });
    expect(done.result).toMatchObject({ images: 1, missingImages: 1 });
    expect(filesOf(idOf(done))).toEqual([nameIn(source.images[1]!)]);
    expect((await download(source, idOf(done), source.images[1]!)).body).toEqual(contentOf('back'));
  });

  it('are missing once the shop is gone', async () => {
    const source = await shopWithImages();
    const file = path.join(folder.path, 'archive.tar.gz');
    renameSync(await backUp(app, folder.path, source.shop.id), file);
    await app.database.query('DELETE FROM backups WHERE shop_id = $1', [source.shop.id]); // a purge removes recorded files
    expect((await remove(source.shop.id)).state).toBe('done');
    const done = await restore(file, { as: `copy-${++slugs}` });
    expect(done.result).toMatchObject({ images: 0, missingImages: 2 });
    const { status, body } = await download(source, idOf(done), source.images[0]!);
    expect([status, JSON.parse(String(body))]).toEqual([
      404,
      expect.objectContaining({ code: 'FILE_NOT_FOUND' }),
    ]);
  });

  it('are those of the backup, over another shop, whose own stay', async () => {
    const [source, over] = [await shopWithImages(), await shopWithImages()];
    const file = await backUp(app, folder.path, source.shop.id);
    const before = filesOf(over.shop.id);
    const orders = await restore(file, { over: over.shop.id, isOther: true, tables: ['counters'] });
    expect([orders.state, filesOf(over.shop.id)]).toEqual(['done', before]);
    const done = await restore(file, { over: over.shop.id, isOther: true });
    expect(done.result).toMatchObject({ images: 2, missingImages: 0 });
    expect(filesOf(over.shop.id)).toEqual([...before, ...source.images.map(nameIn)].toSorted());
    expect((await download(over, over.shop.id, source.images[0]!)).body).toEqual(contentOf('front'));
  });

  it('are left where they are, over the shop itself', async () => {
    const source = await shopWithImages();
    const file = await backUp(app, folder.path, source.shop.id);
    const done = await restore(file, { over: source.shop.id });
    expect(done).toMatchObject({ state: 'done', result: expect.not.objectContaining({ images: 2 }) });
    expect((await download(source, source.shop.id, source.images[0]!)).status).toBe(200);
  });
});

describe('shops:reconcile', () => {
  it('removes files of a removed shop and of a failed copy, and no others', async () => {
    const tools = app.app.get<Tools>(TOOLS);
    const look = async (isFix: boolean) =>
      (await reconcile(tools, { isFix, signal: new AbortController().signal })).map(
        ({ check, object, isFixed }) => [check, object, isFixed],
      );
    const [source, gone] = [await shopWithImages(), await shopWithImages()];
    await remove(gone.shop.id);
    const { checkpoint } = await clone(source.shop.id, { as: source.shop.slug });
    const failed = (checkpoint as { tenantId: string }).tenantId;
    const foreign = '00000000-0000-4000-8000-00000000dead';
    for (const id of [gone.shop.id as string, failed, foreign])
      cpSync(path.join(place, 'shops', source.shop.id as string), path.join(place, 'shops', id), {
        recursive: true,
      });
    const expected = (isFixed: boolean) =>
      [gone.shop.id as string, failed].toSorted().map((id) => ['files-without-shop', `shops/${id}`, isFixed]);
    expect(await look(false)).toEqual(expected(false));
    expect(await look(true)).toEqual(expected(true));
    expect(await look(false)).toEqual([]);
    expect([filesOf(source.shop.id), filesOf(foreign)]).toEqual([
      source.images.map(nameIn).toSorted(),
      source.images.map(nameIn).toSorted(),
    ]);
  });
});
