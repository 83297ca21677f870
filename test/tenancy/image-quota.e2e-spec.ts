import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ShopLimitsService } from '../../src/public/plans/shop-limits.service';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { S3Server } from '../support/s3-server';
import { CACHE_TIMES } from '../support/sizes';
import { startTestApp, type TestApp, useTestApp } from '../support/test-app';
import { until } from '../support/until';

const WARNING = 'x-quota-warning';
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER', AWS_MAX_ATTEMPTS: '2' };
const folder = mkdtempSync(path.join(tmpdir(), 'image-quota-'));
let server: S3Server;
beforeAll(async () => {
  Object.assign(process.env, CREDENTIALS);
  server = await S3Server.start('files');
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const KIB = 1024;
const setLimits = (app: TestApp, { shop }: Owner, limits: object) =>
  app.database.query('UPDATE shops SET limits = $2 WHERE id = $1', [shop.id, JSON.stringify(limits)]);
const image = (bytes: number) =>
  Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(bytes - 8)]);

/** A shop whose images may have 1 MiB, and a product of it. */
async function newLimited(app: TestApp) {
  const owner = await newOwner(app.api);
  await setLimits(app, owner, { filesMiB: 1 });
  const { id } = await newProduct(owner.api);
  const upload = (bytes: number, headers: Record<string, string> = {}) =>
    owner.api.raw('POST', `products/${id}/images`, image(bytes), { 'content-type': 'image/png', ...headers });
  return { owner, upload };
}

describe.each(['folder', 'bucket'])('quota of images in a %s', (place) => {
  let app: TestApp;
  beforeAll(async () => {
    const target = place === 'folder' ? folder : 's3://files';
    app = await startTestApp(
      { FILES_TARGET: target, S3_ENDPOINT: server.url },
      { times: { ...CACHE_TIMES, usageCacheMs: 50 } },
    );
  });
  afterAll(() => app.close());

  const stored = ({ shop }: Owner): string[] =>
    place === 'folder'
      ? readdirSync(path.join(folder, 'shops', shop.id as string, 'images'))
      : server.keys('files').filter((key) => key.startsWith(`shops/${shop.id}/images/`));
  const put = ({ shop }: Owner, name: string, content: string) => {
    const images = `shops/${shop.id}/images`;
    if (place === 'bucket') return server.put('files', `${images}/${name}`, content);
    mkdirSync(path.join(folder, images), { recursive: true });
    return writeFileSync(path.join(folder, images, name), content);
  };

  it('refuses the image that goes beyond it, before it is stored', async () => {
    const { owner, upload } = await newLimited(app);
    const first = await upload(600 * KIB);
    expect([first.status, first.headers.get(WARNING)]).toEqual([201, null]);
    const beyond = await upload(600 * KIB);
    expect([problemIn(beyond), beyond.body.detail]).toEqual([
      '403 QUOTA_EXCEEDED',
      expect.stringContaining('files 117%'),
    ]);
    expect(stored(owner)).toHaveLength(1);
    expect((await upload(300 * KIB)).status).toBe(201);
    const warned = await upload(124 * KIB); // exactly full
    expect([warned.status, warned.headers.get(WARNING)]).toEqual([201, 'files 87%']);
    const full = await upload(8);
    expect([problemIn(full), full.body.detail]).toEqual([
      '403 QUOTA_EXCEEDED',
      expect.stringContaining('files 100%'),
    ]);
    expect(stored(owner)).toHaveLength(3);
  });

  it('is of images and of one shop', async () => {
    const [{ owner, upload }, other] = [await newLimited(app), await newLimited(app)];
    expect((await upload(1024 * KIB)).status).toBe(201);
    expect(problemIn(await upload(8))).toBe('403 QUOTA_EXCEEDED');
    const customer = await owner.api.post('customers', { name: 'Ada' });
    expect([customer.status, customer.headers.get(WARNING)]).toEqual([201, null]);
    expect((await other.upload(8)).status).toBe(201);
  });

  it('has room again once images are gone or the limit is higher', async () => {
    const { owner, upload } = await newLimited(app);
    const { src } = (await upload(1000 * KIB)).body;
    expect(problemIn(await upload(100 * KIB))).toBe('403 QUOTA_EXCEEDED');
    expect((await owner.api.delete(src)).status).toBe(204);
    const outcome = async () => (await upload(1000 * KIB)).status;
    await until(outcome, (status) => status === 201);
    await setLimits(app, owner, { filesMiB: null });
    await until(outcome, (status) => status === 201);
  });

  it('counts small files as 16 KiB, for each takes more of a disk than its bytes', async () => {
    const { owner, upload } = await newLimited(app);
    for (let i = 0; i < 63; i++) put(owner, `${i}.png`, 'x');
    const last = await upload(8);
    expect([last.status, last.headers.get(WARNING)]).toEqual([201, 'files 98%']);
    expect(problemIn(await upload(8))).toBe('403 QUOTA_EXCEEDED');
  });

  it('is shown to operators with what is used', async () => {
    const { owner, upload } = await newLimited(app);
    await upload(512 * KIB);
    const limits = app.app.get(ShopLimitsService, { strict: false });
    const shown = async () =>
      (await limits.get(owner.shop.id as string)).limits.find(({ name }) => name === 'filesMiB');
    expect(await until(shown, (limit) => limit?.used !== 0)).toEqual({
      ...{ name: 'filesMiB', plan: 5000, own: 1, inForce: 1 },
      ...{ used: 1, percent: 50 },
    });
    await app.database.query(`UPDATE shops SET plan = 'enterprise', limits = '{}' WHERE id = $1`, [
      owner.shop.id,
    ]);
    expect(await shown()).toMatchObject({ inForce: null, used: null, percent: null });
  });
});

describe('quota of images', () => {
  const app = useTestApp({ FILES_TARGET: folder }); // what is used is measured once

  it('holds for several at once', async () => {
    const { upload } = await newLimited(app);
    const answers = await Promise.all(Array.from({ length: 8 }, () => upload(200 * KIB)));
    const outcomes = answers.map((answer) => (answer.status === 201 ? '201' : problemIn(answer)));
    expect(outcomes.toSorted()).toEqual([
      ...Array<string>(5).fill('201'),
      ...Array<string>(3).fill('403 QUOTA_EXCEEDED'),
    ]);
  });

  it('does not count what is not stored', async () => {
    const { upload } = await newLimited(app);
    for (let time = 1; time <= 5; time++)
      // the first is done, the others repeat its answer
      expect((await upload(300 * KIB, { 'idempotency-key': 'the-same' })).status).toBe(201);
    expect((await upload(700 * KIB)).status).toBe(201);
    expect(problemIn(await upload(100 * KIB))).toBe('403 QUOTA_EXCEEDED');
  });

  it('is part of the plans that an installation begins with', async () => {
    const plans = await app.database.query<object>(
      `SELECT name, (limits->>'filesMiB')::int AS files FROM plans WHERE name IN ('free', 'standard', 'enterprise') ORDER BY 1`,
    );
    expect(plans).toEqual([
      { name: 'enterprise', files: null },
      { name: 'free', files: 500 },
      { name: 'standard', files: 5000 },
    ]);
  });

  it('lets other limits be shown while the place of files does not answer', async () => {
    const broken = await startTestApp(
      { FILES_TARGET: 's3://files', S3_ENDPOINT: 'http://127.0.0.1:1' },
      { database: app.database },
    );
    try {
      const { upload, owner } = await newLimited(broken);
      expect(problemIn(await upload(8))).toBe('503 FILES_UNAVAILABLE');
      const service = broken.app.get(ShopLimitsService, { strict: false });
      const { limits } = await service.get(owner.shop.id as string);
      const used = (wanted: string) => limits.find(({ name }) => name === wanted)?.used;
      expect([used('filesMiB'), used('seats')]).toEqual([null, 1]);
    } finally {
      await broken.close();
    }
  });
});
