import { randomInt } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { RouteNotFound, Unauthenticated } from '../common/common.errors';
import { takesFile } from '../http/bodies';
import type { ProblemFilter } from '../http/problem.filter';
import { requireUploadRoom } from '../http/upload';
import { bearerTokenOf, lacksToken } from '../public/auth/bearer-token';
import { KnownTokens } from '../public/auth/known-tokens';
import { RequestLimits } from '../tenancy/request-limits';
import type { Principal, TenantAccess, TenantRequest } from '../tenancy/tenant';
import { TenantDatabase } from '../tenancy/tenant-database';

/** How long a member is refused here before one of their requests is authenticated again, milliseconds. */
const AGAIN_MS = 1000;
const REMEMBERED_MS = 2 * AGAIN_MS;
const REMEMBERED_MEMBERS = 10_000;
/**
 * How long a client that came back before `Retry-After` waits for its refusal, milliseconds. The times differ, so that clients which
 * were refused together do not come back together.
 */
const HELD_MS = { least: 500, most: 1000 };
/** Number of requests that wait for their refusal; others get it at once. */
const MAX_HELD = 1000;
const TOO_MANY = 429;

/** Member of a shop, as of a request that was refused. */
interface Refused {
  readonly user: Principal;
  readonly tenant: TenantAccess;
  /** Moment at which a request is authenticated again, in the time of `performance.now()`. */
  again: number;
}

/**
 * Refuses requests of a shop that is over its limits before Nest builds anything for them: a full refusal takes as much of the
 * process's only thread as a list of 20 products, so a client that ignores 429 would slow the other shops. A member whose
 * request was refused a moment ago is known to be one; their next requests to routes of a shop are refused here, as long as the
 * limits are exceeded, and held for a moment. Each second one of them is authenticated in full. New tokens of a member change
 * nothing: a token names whom it was issued for as soon as it has been verified once.
 */
export function refuseEarly(
  fastify: FastifyInstance,
  app: NestFastifyApplication,
  problems: ProblemFilter,
): void {
  const limits = app.get(RequestLimits);
  const database = app.get(TenantDatabase);
  const tokens = app.get(KnownTokens, { strict: false });
  const refused = new LRUCache<string, Refused>({ max: REMEMBERED_MEMBERS, ttl: REMEMBERED_MS });
  /** Routes that enter a shop, by method and pattern. Limits of a shop do not concern the others. */
  const shopRoutes = new Set<string>();
  let held = 0;

  fastify.addHook('onRequest', (request, reply, done) => {
    const known = refused.size === 0 ? undefined : refused.get(keyOf(holderOf(request)));
    if (known === undefined || !shopRoutes.has(routeOf(request)) || isDue(known)) return done();
    const { user, tenant } = known;
    try {
      limits.requireLeft(tenant, (headers) => void reply.headers(headers));
      database.requireRoom(tenant);
      if (takesFile(request)) requireUploadRoom(tenant.shopId);
    } catch (error) {
      Object.assign(request, { user, tenant }); // for the log and the metrics
      const refuse = () => problems.send(error, request, reply);
      if (held >= MAX_HELD) return refuse();
      held++;
      setTimeout(
        () => {
          held--;
          refuse();
        },
        randomInt(HELD_MS.least, HELD_MS.most),
      );
      return;
    }
    done();
  });
  fastify.addHook('onSend', (request, reply, _body, done) => {
    if (reply.statusCode === TOO_MANY) remember(request);
    done();
  });

  function remember(request: FastifyRequest): void {
    const { user, tenant } = request as FastifyRequest & TenantRequest;
    if (user === undefined || tenant === undefined) return;
    shopRoutes.add(routeOf(request));
    const key = keyOf(user);
    if (refused.peek(key)?.tenant === tenant) return; // refused here, or at another route
    refused.set(key, { user, tenant, again: performance.now() + AGAIN_MS });
  }

  function holderOf(request: FastifyRequest): Principal | undefined {
    const token = bearerTokenOf(request);
    return token === undefined ? undefined : tokens.holderOf(token);
  }
}

/**
 * Refuses a request to no route, and one without a token to a route that has refused such a request, before Nest builds anything for
 * it. It comes after the body, whose errors go before these in Nest too.
 */
export function refuseStrangers(fastify: FastifyInstance, problems: ProblemFilter): void {
  fastify.addHook('preHandler', (request, reply, done) => {
    if (request.is404) return problems.send(new RouteNotFound(), request, reply);
    if (lacksToken(request)) return problems.send(new Unauthenticated(), request, reply);
    done();
  });
}

function keyOf(user: Principal | undefined): string {
  return user === undefined ? '' : `${user.userId} ${user.shopId}`;
}

/** True once a second for a member, for the request that is authenticated in full. */
function isDue(refused: Refused): boolean {
  const now = performance.now();
  if (now < refused.again) return false;
  refused.again = now + AGAIN_MS;
  return true;
}

function routeOf({ method, routeOptions }: FastifyRequest): string {
  return `${method} ${routeOptions.url}`;
}
