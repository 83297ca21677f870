import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Histogram } from '../../common/histogram';
import { ENV, type Env } from '../../config/env';
import { ShopActivity } from '../../database/shop-activity';
import type { FailedRequest } from '../../http/problem.filter';
import type { TenantRequest } from '../../tenancy/tenant';

/** Upper bounds of the duration of requests, milliseconds. */
const BOUNDS = [10, 50, 250, 1000, 5000];
const METHODS = new Set(['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']);
/** Plan of a request that enters no shop. */
const NO_PLAN = 'none';

export interface RequestLabels {
  route: string;
  method: string;
  plan: string;
}

interface Series extends RequestLabels {
  /** By the first digit of the status. */
  classes: (Histogram | undefined)[];
}

/**
 * Counts requests by route pattern, method, plan and class of status, and refusals by code and plan. The number of series depends on
 * routes and plans, never on shops; without METRICS_PORT it
 * counts none of these. Counts the requests of each shop for `shops:top` too.
 */
@Injectable()
export class RequestMeter {
  private readonly isOn: boolean;
  /** By route, method and plan, nested: a joined key would be a new string for each request. */
  private readonly routes = new Map<string, Map<string, Map<string, Series>>>();
  /** By code and plan. */
  private readonly refused = new Map<string, Map<string, number>>();

  constructor(
    @Inject(ENV) { METRICS_PORT }: Env,
    private readonly activity: ShopActivity,
  ) {
    this.isOn = METRICS_PORT > 0;
  }

  /** @param route pattern of its path */
  answered(request: FastifyRequest, reply: FastifyReply, route: string): void {
    const { tenant, user } = request as unknown as TenantRequest;
    const status = reply.statusCode;
    const shopId = user?.shopId;
    if (typeof shopId === 'string') this.activity.answered(shopId, status >= 500 || status === 429);
    if (!this.isOn) return;
    const plan = tenant === undefined ? NO_PLAN : tenant.allowance.plan;
    const method = METHODS.has(request.method) ? request.method : 'other'; // Node accepts 35
    const { classes } = this.seriesOf(route, method, plan);
    (classes[Math.floor(status / 100)] ??= new Histogram(BOUNDS)).observe(reply.elapsedTime);
    const { problemCode } = request as FailedRequest;
    if (problemCode !== undefined && isRefusal(status, problemCode)) this.refuse(problemCode, plan);
  }

  /** Durations by labels and class of status, such as `2xx`. */
  *durations(): Generator<{ labels: RequestLabels & { status: string }; histogram: Histogram }> {
    for (const methods of this.routes.values())
      for (const plans of methods.values())
        for (const { classes, ...labels } of plans.values())
          for (const [digit, histogram] of classes.entries())
            if (histogram !== undefined) yield { labels: { ...labels, status: `${digit}xx` }, histogram };
  }

  *refusals(): Generator<{ code: string; plan: string; count: number }> {
    for (const [code, plans] of this.refused) for (const [plan, count] of plans) yield { code, plan, count };
  }

  private seriesOf(route: string, method: string, plan: string): Series {
    const methods = getOrAdd(this.routes, route, () => new Map<string, Map<string, Series>>());
    const plans = getOrAdd(methods, method, () => new Map<string, Series>());
    return getOrAdd(plans, plan, () => ({ route, method, plan, classes: [] }));
  }

  private refuse(code: string, plan: string): void {
    const plans = getOrAdd(this.refused, code, () => new Map<string, number>());
    plans.set(plan, (plans.get(plan) ?? 0) + 1);
  }
}

/** True for a request that the program could have served, but not now, or not within the limits of its plan. */
function isRefusal(status: number, code: string): boolean {
  return status === 429 || status === 503 || code === 'QUOTA_EXCEEDED';
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
