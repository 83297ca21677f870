import { applyDecorators, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Allowance } from './plan';

/**
 * Features that a plan can have on or off, and a shop in place of its plan, each with the state for those who say nothing.
 * A new feature is a line here, then `@Feature` above its routes or `TenantConnection.requireFeature` in its service.
 */
const DEFAULTS = {
  /** Prices and stocks of many variants in one request. */
  bulkUpdates: true,
  /** Imports of products by members; the operator's command imports whatever the plan is. */
  productImports: true,
  /** Recorded changes of rows, at `GET /audit?resource=…`. They are recorded in any case. */
  changeHistory: true,
} as const satisfies Record<string, boolean>;

export type FeatureName = keyof typeof DEFAULTS;
export const FEATURE_NAMES = Object.keys(DEFAULTS) as FeatureName[];

/** @param features those of a plan, of a shop, or both: the latter in place of the former */
export function isOn(features: Allowance['features'], name: FeatureName): boolean {
  return features[name] ?? DEFAULTS[name];
}

const NEEDED = 'stoa:feature';

/** OpenAPI extension that names the feature of a route. */
export const FEATURE_OF_ROUTE = 'x-feature';

/** Declares the feature that a tenant route belongs to: 403 `FEATURE_OFF` in a shop that does not have it. */
export function Feature(name: FeatureName): MethodDecorator {
  return applyDecorators(SetMetadata(NEEDED, name), ApiExtension(FEATURE_OF_ROUTE, name));
}

/** Feature of the route that is called. */
export function neededFeature(context: ExecutionContext): FeatureName | undefined {
  return Reflect.getMetadata(NEEDED, context.getHandler()) as FeatureName | undefined;
}
