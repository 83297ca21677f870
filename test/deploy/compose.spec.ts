import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readEnv, SETTING_NAMES } from '../../src/config/env';
import { DEPLOY, documentsOf } from './yaml';

const FOLDER = path.join(DEPLOY, 'compose');

/** Fields of the Compose specification that the file uses; another one is misspelt, or belongs here. */
const condition = z.enum(['service_started', 'service_healthy', 'service_completed_successfully']);
const duration = z.string().regex(/^\d+s$/);
const service = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  user: z.string().optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  shm_size: z.string().optional(),
  stop_grace_period: duration.optional(),
  healthcheck: z
    .union([
      z.strictObject({ disable: z.literal(true) }),
      z.strictObject({
        test: z.tuple([z.enum(['CMD', 'CMD-SHELL'])], z.string()),
        interval: duration,
        timeout: duration,
        retries: z.int(),
        start_period: duration.optional(),
      }),
    ])
    .optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition })).optional(),
  deploy: z
    .strictObject({
      replicas: z.int().optional(),
      resources: z
        .strictObject({ limits: z.strictObject({ memory: z.string().regex(/^\d+M$/) }) })
        .optional(),
    })
    .optional(),
  restart: z.enum(['no', 'unless-stopped']),
});
const file = z.strictObject({
  name: z.string(),
  'x-program': z.unknown(),
  'x-places': z.record(z.string(), z.string()),
  'x-worker-settings': z.unknown(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

const text = readFileSync(path.join(FOLDER, 'compose.yaml'), 'utf8');
const compose = file.parse(documentsOf('compose/compose.yaml')[0]);
const services = Object.entries(compose.services);
const programs = services.filter(([, { image }]) => image.startsWith('stoa:'));

/** Values of an environment once Compose has filled in `.env`. */
const filled = (environment: Record<string, string | number> = {}) =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      String(value)
        .replaceAll(/\$\{\w+:\?[^}]+\}/g, 'a'.repeat(64))
        .replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'),
    ]),
  );

describe('deploy/compose/compose.yaml', () => {
  it('runs two processes of the API, a worker, and what they need', () => {
    expect(Object.keys(compose.services).toSorted()).toEqual(
      ['api', 'grafana', 'migrate', 'pgbouncer', 'postgres', 'prometheus', 'userlist', 'worker'].toSorted(),
    );
    expect(compose.services['api']!.deploy?.replicas).toBe(2);
  });

  it.each(services)('pins the version of the image of %s', (_name, { image }) => {
    expect(image).toMatch(/:(v?\d+\.\d+\S*|\$\{STOA_VERSION:-\d+\.\d+\.\d+\})$/);
  });

  it.each(programs)('gives %s settings that the program accepts', (_name, { environment }) => {
    const known = [...SETTING_NAMES, 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    expect(Object.keys(environment!).filter((name) => !known.includes(name))).toEqual([]);
    expect(() => readEnv(filled(environment))).not.toThrow();
  });

  it('keeps admin rights from the API, and gives them to the worker', () => {
    const [api, worker] = ['api', 'worker'].map((name) => filled(compose.services[name]!.environment));
    expect([api!['PROVISIONING'], worker!['PROVISIONING']]).toEqual(['worker', 'worker']);
    expect(api!['ADMIN_SECRET']).toBeUndefined();
    expect(new URL(api!['DATABASE_URL']!).username).toBe('');
    expect(worker!['ADMIN_SECRET']).toBeDefined();
    expect(new URL(worker!['DATABASE_URL']!).username).toBe('postgres');
    expect(compose.services['migrate']!.environment).toEqual(compose.services['worker']!.environment);
  });

  it('gives all programs the same places, and the worker a schedule of backups', () => {
    for (const [, { environment }] of programs) expect(environment).toMatchObject(compose['x-places']);
    const { BACKUP_SCHEDULE, ...unset } = filled({ ...compose.services['worker']!.environment });
    expect(readEnv({ ...unset, BACKUP_SCHEDULE }).BACKUP_SCHEDULE).toBeDefined();
  });

  it('holds no secret, and stops without one', () => {
    const secrets = services
      .flatMap(([, { environment = {} }]) => Object.entries(environment))
      .filter(([name]) => /SECRET|PASSWORD/.test(name));
    for (const [name, value] of secrets)
      expect(value).toMatch(name.startsWith('AWS_') ? /^\$\{\w+:-\}$/ : /^\$\{\w+:\?is missing in \.env\}$/);
    const example = readFileSync(path.join(FOLDER, 'example.env'), 'utf8');
    const named = [...example.matchAll(/^#?(\w+)=/gm)].map(([, name]) => name!);
    const used = [...text.matchAll(/\$\{(\w+):/g)]
      .map(([, name]) => name!)
      .filter((name) => name !== 'STOA_VERSION');
    expect([...new Set(used)].toSorted()).toEqual(named.toSorted());
    expect(example).toMatch(/^APP_SECRET=$/m);
  });

  it.each(programs)('gives %s no root, no rights and no writable files but its volume', (_name, one) => {
    expect(one).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(one.volumes).toEqual(['data:/data']);
  });

  it.each(services)(
    'starts %s after services that exist and can be waited for',
    (_name, { depends_on = {} }) => {
      const isKept = ([name, { condition: awaited }]: [string, { condition: string }]) => {
        const other = compose.services[name];
        if (awaited === 'service_completed_successfully') return other?.restart === 'no';
        return other !== undefined && (awaited !== 'service_healthy' || 'test' in (other.healthcheck ?? {}));
      };
      expect(Object.entries(depends_on).filter((one) => !isKept(one))).toEqual([]);
    },
  );

  it('mounts volumes that it declares, and files that exist', () => {
    const sources = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => volume.split(':')[0]!),
    );
    const own = sources.filter((source) => !source.startsWith('.'));
    expect([...new Set(own)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
    const files = sources.filter((source) => source.startsWith('.'));
    expect(files.filter((source) => !existsSync(path.join(FOLDER, source)))).toEqual([]);
  });

  it('publishes ports on this machine only, each once', () => {
    const ports = services.flatMap(([, one]) => one.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    expect(new Set(ports).size).toBe(ports.length);
    expect(ports).toContain('127.0.0.1:3000-3001:3000'); // one for each process
  });

  it('leads requests through PgBouncer, with a connection for each of those of the pools', () => {
    const ini = readFileSync(path.join(FOLDER, 'pgbouncer.ini'), 'utf8');
    const valueOf = (name: string) => new RegExp(`^${name} = (.+)$`, 'm').exec(ini)?.[1];
    const { environment, deploy } = compose.services['api']!;
    const pooler = new URL(String(environment!['POOLER_URL']));
    expect([pooler.hostname, pooler.port]).toEqual(['pgbouncer', valueOf('listen_port')]);
    expect(Number(valueOf('default_pool_size'))).toBe(
      Number(environment!['TENANT_POOL_SIZE']) * deploy!.replicas!,
    );
  });

  it('gives the server the settings that doctor asks for', () => {
    const settings = compose.services['postgres']!.command!;
    expect(settings).toEqual(
      expect.arrayContaining(['max_locks_per_transaction=256', 'client_connection_check_interval=1000']),
    );
  });
});
