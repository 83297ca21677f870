import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readEnv, SETTING_NAMES } from '../../src/config/env';
import { HealthController } from '../../src/public/health/health.controller';
import {
  autoscaler,
  budget,
  deployment,
  job,
  kustomization,
  namespace,
  networkPolicy,
  type Pod,
  service,
} from './kubernetes-shapes';
import { DEPLOY, documentsOf } from './yaml';

/** Reads the files that a kustomization lists, each document by the shape of its kind. */
function read(folder: 'base' | 'migrate') {
  const [first] = documentsOf(`kubernetes/${folder}/kustomization.yaml`);
  const kustomize = kustomization.parse(first);
  const objects = kustomize.resources.flatMap((file) => documentsOf(`kubernetes/${folder}/${file}`));
  return { kustomize, objects: objects as { kind: string; metadata: { name: string } }[] };
}

const base = read('base');
const migrate = read('migrate');
const all = [...base.objects, ...migrate.objects];
const find = <T>(shape: z.ZodType<T>, kind: string, name: string): T =>
  shape.parse(all.find((one) => one.kind === kind && one.metadata.name === name));

const SHAPES: Record<string, z.ZodType> = {
  Namespace: namespace,
  Deployment: deployment,
  Service: service,
  HorizontalPodAutoscaler: autoscaler,
  PodDisruptionBudget: budget,
  NetworkPolicy: networkPolicy,
  Job: job,
};

const api = find(deployment, 'Deployment', 'stoa-api').spec;
const worker = find(deployment, 'Deployment', 'stoa-worker').spec;
const migration = find(job, 'Job', 'stoa-migrate').spec;
const pods: [string, Pod][] = [
  ['api', api.template.spec],
  ['worker', worker.template.spec],
  ['migrate', migration.template.spec],
];
const containers = pods.flatMap(([name, pod]) =>
  [...(pod.initContainers ?? []), ...pod.containers].map((one) => [`${name}/${one.name}`, one] as const),
);
const configured = Object.fromEntries(
  base.kustomize.configMapGenerator![0]!.literals.map((text) => text.split(/=(.*)/s).slice(0, 2)),
) as Record<string, string>;

/** A secret as docs/deployment.md creates it; an ellipsis stands for something secret. */
function secretOf(secret: string): Record<string, string> {
  const page = readFileSync(path.join(DEPLOY, '..', 'docs', 'deployment.md'), 'utf8');
  const command = page.split(`create secret generic ${secret} `)[1]!.split(/\nkubectl|\n```/)[0]!;
  return Object.fromEntries(
    [...command.matchAll(/--from-literal=(\w+)='([^']+)'/g)].map(([, key, value]) => [
      key!,
      value === '…' ? 'a'.repeat(64) : value!.replace('…', 'secret'),
    ]),
  );
}

describe('deploy/kubernetes', () => {
  it.each(all.map((one) => [one.kind, one.metadata.name, one] as const))(
    'has fields and values of the API in %s %s',
    (kind, _name, one) => {
      expect(SHAPES[kind]!.safeParse(one).error?.issues).toBeUndefined();
    },
  );

  it('migrates with the image that it serves', () => {
    expect(migrate.kustomize.images).toEqual(base.kustomize.images);
    expect(new Set(containers.map(([, { image }]) => image))).toEqual(new Set(['stoa']));
    const { version } = JSON.parse(readFileSync(path.join(DEPLOY, '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(base.kustomize.images[0]!.newTag).toBe(version);
  });

  it('gives every program settings that it accepts', () => {
    const named = containers.flatMap(([, { env = [] }]) => env.map(({ name }) => name));
    const secrets = ['stoa-api', 'stoa-admin'].map(secretOf);
    const names = [...named, ...Object.keys(configured), ...secrets.flatMap((one) => Object.keys(one))];
    expect(names.filter((name) => !SETTING_NAMES.includes(name))).toEqual([]);
    for (const secret of secrets) expect(() => readEnv({ ...configured, ...secret })).not.toThrow();
  });

  it('keeps admin rights from the API', () => {
    const used = (name: string) =>
      containers.find(([of]) => of === name)![1].envFrom!.flatMap(({ secretRef }) => secretRef?.name ?? []);
    expect(used('api/api')).toEqual(['stoa-api']);
    expect(used('worker/worker')).toEqual(['stoa-admin']);
    expect(used('migrate/migrate-public')).toEqual(['stoa-admin']);
    expect(secretOf('stoa-api')['ADMIN_SECRET']).toBeUndefined();
    expect(new URL(secretOf('stoa-api')['DATABASE_URL']!).username).toBe('');
    expect(new URL(secretOf('stoa-admin')['DATABASE_URL']!).username).not.toBe('');
  });

  it('migrates public before shops', () => {
    const { initContainers, containers: last } = migration.template.spec;
    expect([initContainers!.map(({ args }) => args), last.map(({ args }) => args)]).toEqual([
      [['migrate:public']],
      [['migrate:tenants']],
    ]);
  });

  it('asks routes that exist, and readiness only whether the database answers', () => {
    const routeOf = (method: 'live' | 'ready') =>
      `/${Reflect.getMetadata('path', HealthController)}/${Reflect.getMetadata('path', HealthController.prototype[method])}`;
    const { startupProbe, livenessProbe, readinessProbe } = api.template.spec.containers[0]!;
    expect([startupProbe, livenessProbe, readinessProbe].map((probe) => probe!.httpGet.path)).toEqual([
      routeOf('live'),
      routeOf('live'),
      routeOf('ready'),
    ]);
  });

  it('names ports and labels that exist', () => {
    const { labels } = api.template.metadata;
    const ports = api.template.spec.containers[0]!.ports!;
    const names = ports.map(({ name }) => name);
    const asked = find(service, 'Service', 'stoa-api').spec;
    expect(api.selector.matchLabels).toEqual(labels);
    expect(worker.selector.matchLabels).toEqual(worker.template.metadata.labels);
    expect(asked.selector).toEqual(labels);
    expect(find(budget, 'PodDisruptionBudget', 'stoa-api').spec.selector.matchLabels).toEqual(labels);
    expect(find(networkPolicy, 'NetworkPolicy', 'stoa-api').spec.podSelector.matchLabels).toEqual(labels);
    expect(names).toContain(asked.ports[0]!.targetPort);
    const allowed = find(networkPolicy, 'NetworkPolicy', 'stoa-api').spec.ingress!.flatMap(
      ({ ports: open }) => open,
    );
    expect(allowed.map(({ port }) => port)).toEqual(names);
    expect(ports.map(({ containerPort }) => String(containerPort))).toEqual([
      '3000',
      configured['METRICS_PORT'],
    ]);
    expect(api.template.metadata.annotations?.['prometheus.io/port']).toBe(configured['METRICS_PORT']);
  });

  it('scales the API, and so gives it no number of its own', () => {
    const { scaleTargetRef, minReplicas } = find(autoscaler, 'HorizontalPodAutoscaler', 'stoa-api').spec;
    expect([scaleTargetRef.kind, scaleTargetRef.name, api.replicas]).toEqual([
      'Deployment',
      'stoa-api',
      undefined,
    ]);
    expect(minReplicas).toBeGreaterThanOrEqual(2);
  });

  it.each(pods)('runs %s without root, and with no more than it needs', (_name, pod) => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(readFileSync(path.join(DEPLOY, 'Dockerfile'), 'utf8')).toContain(
      `USER ${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}\n`,
    );
    expect(pod.automountServiceAccountToken).toBe(false);
    for (const one of [...(pod.initContainers ?? []), ...pod.containers]) {
      expect(one.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(one.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/data', '/tmp']);
      expect(one.volumeMounts.map(({ name }) => name)).toEqual(pod.volumes.map(({ name }) => name));
    }
  });
});
