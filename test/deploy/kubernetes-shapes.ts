import { z } from 'zod';

/**
 * Fields of the Kubernetes API that our files use, as its reference describes them: another one is misspelt, or belongs here. The schemas on npm are 22 MB, and accept unknown fields.
 */
const { strictObject: of, string, int, array } = z;

const labels = z.record(string(), string());
const name = string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const quantity = string().regex(/^\d+(m|Mi|Gi)?$/);
const metadata = of({ name, labels: labels.optional() });
const selector = of({ matchLabels: labels });

const probe = of({
  httpGet: of({ path: string().startsWith('/'), port: string() }),
  periodSeconds: int(),
  timeoutSeconds: int().optional(),
  failureThreshold: int(),
});
const amounts = of({ cpu: quantity.optional(), memory: quantity });
const container = of({
  name,
  image: string(),
  args: array(string()).optional(),
  ports: array(of({ name: name.max(15), containerPort: int().max(65_535) })).optional(),
  env: array(of({ name: string(), value: string() })).optional(),
  envFrom: array(
    of({ configMapRef: of({ name }).optional(), secretRef: of({ name }).optional() }).refine(
      (one) => Object.keys(one).length === 1,
    ),
  ).optional(),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  resources: of({ requests: amounts, limits: amounts }),
  securityContext: of({
    allowPrivilegeEscalation: z.boolean(),
    readOnlyRootFilesystem: z.boolean(),
    capabilities: of({ drop: array(string()) }),
  }),
  volumeMounts: array(of({ name, mountPath: string().startsWith('/') })),
});
const pod = of({
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).optional(),
  automountServiceAccountToken: z.boolean(),
  terminationGracePeriodSeconds: int().optional(),
  securityContext: of({
    runAsNonRoot: z.boolean(),
    runAsUser: int(),
    runAsGroup: int(),
    fsGroup: int(),
    seccompProfile: of({ type: z.enum(['RuntimeDefault', 'Localhost', 'Unconfined']) }),
  }),
  topologySpreadConstraints: array(
    of({
      maxSkew: int(),
      topologyKey: string(),
      whenUnsatisfiable: z.enum(['DoNotSchedule', 'ScheduleAnyway']),
      labelSelector: selector,
    }),
  ).optional(),
  initContainers: array(container).optional(),
  containers: array(container),
  volumes: array(of({ name, emptyDir: of({ sizeLimit: quantity.optional() }) })),
});
const template = of({ metadata: of({ labels, annotations: labels.optional() }), spec: pod });

export type Pod = z.infer<typeof pod>;

export const kustomization = of({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: name,
  resources: array(string().endsWith('.yaml')),
  images: array(of({ name, newName: string(), newTag: string() })),
  configMapGenerator: array(of({ name, literals: array(string().regex(/^[A-Z0-9_]+=/)) })).optional(),
});

export const namespace = of({ apiVersion: z.literal('v1'), kind: z.literal('Namespace'), metadata });

export const deployment = of({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata,
  spec: of({
    replicas: int().optional(),
    revisionHistoryLimit: int(),
    strategy: of({
      type: z.enum(['RollingUpdate', 'Recreate']),
      rollingUpdate: of({ maxUnavailable: int(), maxSurge: int() }),
    }).optional(),
    selector,
    template,
  }),
});

export const job = of({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata,
  spec: of({
    backoffLimit: int(),
    activeDeadlineSeconds: int(),
    ttlSecondsAfterFinished: int(),
    template: template.refine(
      ({ spec }) => spec.restartPolicy !== undefined && spec.restartPolicy !== 'Always',
    ),
  }),
});

export const service = of({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata,
  spec: of({ selector: labels, ports: array(of({ name, port: int(), targetPort: string() })) }),
});

export const autoscaler = of({
  apiVersion: z.literal('autoscaling/v2'),
  kind: z.literal('HorizontalPodAutoscaler'),
  metadata,
  spec: of({
    scaleTargetRef: of({ apiVersion: z.literal('apps/v1'), kind: z.literal('Deployment'), name }),
    minReplicas: int(),
    maxReplicas: int(),
    metrics: array(
      of({
        type: z.literal('Resource'),
        resource: of({
          name: z.enum(['cpu', 'memory']),
          target: of({ type: z.literal('Utilization'), averageUtilization: int() }),
        }),
      }),
    ),
    behavior: of({ scaleDown: of({ stabilizationWindowSeconds: int().max(3600) }) }),
  }).refine(({ minReplicas, maxReplicas }) => minReplicas <= maxReplicas),
});

export const budget = of({
  apiVersion: z.literal('policy/v1'),
  kind: z.literal('PodDisruptionBudget'),
  metadata,
  spec: of({
    maxUnavailable: int(),
    unhealthyPodEvictionPolicy: z.enum(['AlwaysAllow', 'IfHealthyBudget']),
    selector,
  }),
});

const ports = array(of({ protocol: z.enum(['TCP', 'UDP']), port: z.union([int(), string()]) }));

export const networkPolicy = of({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('NetworkPolicy'),
  metadata,
  spec: of({
    podSelector: selector,
    policyTypes: array(z.enum(['Ingress', 'Egress'])),
    ingress: array(of({ from: array(of({ namespaceSelector: selector })), ports })).optional(),
    egress: array(of({ ports })).optional(),
  }),
});
