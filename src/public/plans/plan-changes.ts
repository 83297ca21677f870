import { invalidField } from '../../common/common.errors';
import { withoutUndefined } from '../../common/without-undefined';
import { FEATURE_NAMES } from '../../tenancy/features';
import { LIMIT_NAMES } from '../../tenancy/plan';
import { SETTING_NAMES, type SettingName } from '../../tenancy/shop-settings';
import type { LimitChangesDto } from './plans.dto';

const FEATURE = 'feature.';
const SETTING = 'setting.';
/** Names that an operator may change of a shop. */
export const SHOP_NAMES: readonly string[] = [...LIMIT_NAMES, ...FEATURE_NAMES.map((name) => FEATURE + name)];
/** Names that an operator may change of a plan. */
export const PLAN_NAMES: readonly string[] = [...SHOP_NAMES, ...SETTING_NAMES.map((name) => SETTING + name)];
const STATES: Record<string, boolean | null> = { on: true, off: false, '': null };

/** Values of a plan or a shop as they are stored: a name that is missing says nothing. */
export type Stored<T> = Readonly<Record<string, T>>;

/**
 * Reads `seats=20`, `feature.bulkUpdates=off`, `setting.timeZone=Europe/Berlin` and, to take one away, `seats=`, for validation
 * by a DTO: it knows the bounds.
 * @param names that may be changed
 * @throws ValidationFailed for an argument that is not of this form, or for another name
 */
export function parseChanges(
  args: readonly string[],
  names: readonly string[],
): {
  limits: object;
  features: object;
  settings?: object;
} {
  const limits: Record<string, unknown> = {};
  const features: Record<string, unknown> = {};
  const settings: Record<string, unknown> = {};
  for (const arg of args) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(arg) ?? [];
    if (name === undefined || value === undefined)
      throw invalidField(arg, `write name=value, and name= to take a limit away, not ${arg}`);
    if (!names.includes(name))
      throw invalidField(name, `${name} is not taken here; the names are ${names.join(', ')}`);
    if (name.startsWith(FEATURE)) features[name.slice(FEATURE.length)] = stateOf(name, value);
    else if (name.startsWith(SETTING)) settings[name.slice(SETTING.length)] = settingOf(name, value);
    else limits[name] = numberOf(value);
  }
  return { limits, features, ...(Object.keys(settings).length > 0 && { settings }) };
}

function settingOf(name: string, value: string): unknown {
  const setting = name.slice(SETTING.length) as SettingName;
  if (setting === 'pricesIncludeTax') return stateOf(name, value);
  if (setting === 'taxBasisPoints') return numberOf(value);
  return value === '' ? null : value;
}

function stateOf(name: string, value: string): boolean | null {
  const state = STATES[value];
  if (state === undefined) throw invalidField(name, `${name} must be on or off, or empty`);
  return state;
}

function numberOf(value: string): number | string | null {
  if (value === '') return null;
  return /^\d{1,15}$/.test(value) ? Number(value) : value;
}

/** Stored values after the changes, in which null takes one away. Names that only a newer program knows stay. */
export function applied<T>(stored: Stored<T>, changes: object = {}): Stored<T> {
  const next = Object.entries({ ...stored, ...changes }) as [string, T | null | undefined][];
  return Object.fromEntries(
    next.filter((entry): entry is [string, T] => entry[1] !== null && entry[1] !== undefined),
  );
}

/** Limits and features that differ, with their new values, for the audit log. */
export function difference(before: Values, after: Values): Record<string, string | number> {
  const limits = changed(before.limits, after.limits).map((name) => [name, after.limits[name] ?? 'none']);
  const features = changed(before.features, after.features).map((name) => [
    FEATURE + name,
    shownText(after.features[name]),
  ]);
  return Object.fromEntries([...limits, ...features]) as Record<string, string | number>;
}

/** Settings of a plan that differ, with their new values, for the audit log. */
export function settingsDifference(before: Stored<Setting>, after: Stored<Setting>): Record<string, string> {
  return Object.fromEntries(
    changed(before, after).map((name) => [SETTING + name, shownText(after[name], 'none')]),
  );
}

/** A value of a feature or a setting as `parseChanges` reads it. */
export function shownText(value: Setting | null | undefined, none = 'none'): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return value === null || value === undefined ? none : String(value);
}

/** Value of a setting of a plan. */
export type Setting = string | number | boolean;

export interface Values {
  limits: Stored<number>;
  features: Stored<boolean>;
}

/** @throws ValidationFailed if nothing is to be changed */
export function assertAnyChange(...parts: (object | undefined)[]): void {
  if (parts.every((part) => Object.keys(withoutUndefined(part ?? {})).length === 0))
    throw invalidField('limits', 'give at least one limit, feature or setting');
}

/** Applies the changes of a request. */
export function changedValues(before: Values, { limits, features }: LimitChangesDto): Values {
  return { limits: applied(before.limits, limits), features: applied(before.features, features) };
}

function changed<T>(before: Stored<T>, after: Stored<T>): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]);
}
