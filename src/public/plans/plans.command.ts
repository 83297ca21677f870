import type { Command } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { printTable } from '../../cli/table';
import { validated } from '../../http/validation';
import { SETTING_NAMES } from '../../tenancy/shop-settings';
import { COMMAND } from '../../tenancy/operator';
import { parseChanges, PLAN_NAMES, SHOP_NAMES, shownText } from './plan-changes';
import {
  CreatePlanDto,
  LimitChangesDto,
  PlanChangesDto,
  type PlanDto,
  type ShopLimitsDto,
} from './plans.dto';
import { PlanNotFound } from './plans.errors';
import { PlansService } from './plans.service';
import { ShopLimitsService } from './shop-limits.service';

interface Flags {
  create?: boolean;
  json?: boolean;
}

/** Adds `plans:list`, `plans:set`, `shops:plan` and `shops:limits`. */
export function addPlans(program: Command, context: CommandContext): void {
  program
    .command('plans:list')
    .description('list plans with their limits, features and settings')
    .option('--json', 'print them as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- plans:list')
    .action(({ json }: Flags) =>
      context.withUntouchedApp(async (app) => {
        const plans = await app.get(PlansService).list();
        if (json) print(JSON.stringify({ plans }));
        else printPlans(plans);
      }),
    );
  program
    .command('plans:set')
    .description('change limits, features and settings of a plan, within 5 s')
    .argument('<plan>')
    .argument('[name=value...]', 'limits, feature.<name>=on|off, setting.<name>=value; name= takes one away')
    .option('--create', 'create the plan')
    .option('--json', 'print the plan as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- plans:set free seats=5 feature.bulkUpdates=off')
    .action(async (name: string, args: string[], { create, json }: Flags) => {
      const changes = await validated(PlanChangesDto, parseChanges(args, PLAN_NAMES));
      const created = create && (await validated(CreatePlanDto, { name, ...changes }));
      await context.withApp(async (app) => {
        const plans = app.get(PlansService);
        const update = () =>
          plans.update(COMMAND, name, changes).catch((error: unknown) => {
            if (!(error instanceof PlanNotFound)) throw error;
            throw new PlanNotFound({ detail: `${error.message} --create makes it.`, cause: error });
          });
        const plan = await (created ? plans.create(COMMAND, created) : update());
        if (json) print(JSON.stringify(plan));
        else printPlans([plan]);
      });
    });
  addShopPlan(program, context);
}

function addShopPlan(program: Command, context: CommandContext): void {
  program
    .command('shops:plan')
    .description('give a shop another plan, within 5 s')
    .argument('<slug|id>')
    .argument('<plan>')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:plan tea-house enterprise')
    .action((shop: string, plan: string, { json }: Flags) =>
      context.withApp(async (app) => {
        const change = await app.get(ShopLimitsService).setPlan(COMMAND, shop, plan);
        if (json) print(JSON.stringify(change));
        else print(`${change.slug} ${change.hasChanged ? 'now' : 'already'} has the plan ${change.plan}`);
      }),
    );
  program
    .command('shops:limits')
    .description('show the limits of a shop and their use; with name=value, change its own first, within 5 s')
    .argument('<slug|id>')
    .argument('[name=value...]', 'limits, and features as feature.<name>=on|off; name= takes one away')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:limits tea-house seats=20 statementMs=')
    .action(async (shop: string, args: string[], { json }: Flags) => {
      const changes = await validated(LimitChangesDto, parseChanges(args, SHOP_NAMES));
      const show = (limits: ShopLimitsDto) => (json ? print(JSON.stringify(limits)) : printLimits(limits));
      if (args.length === 0)
        await context.withUntouchedApp(async (app) => show(await app.get(ShopLimitsService).get(shop)));
      else
        await context.withApp(async (app) =>
          show(await app.get(ShopLimitsService).update(COMMAND, shop, changes)),
        );
    });
}

function printPlans(plans: readonly PlanDto[]): void {
  const [first] = plans;
  const row = (name: string, cells: string[]) => [name, ...cells];
  const limits = (first?.limits ?? []).map(({ name }, i) =>
    row(
      name,
      plans.map((plan) => text(plan.limits[i]!.value)), // all plans have all names
    ),
  );
  const features = (first?.features ?? []).map(({ name }, i) =>
    row(
      `feature.${name}`,
      plans.map((plan) => text(plan.features[i]!.isOn)),
    ),
  );
  const settings = SETTING_NAMES.map((name) =>
    row(
      `setting.${name}`,
      plans.map((plan) => text(plan.settings[name])),
    ),
  );
  const shops = row(
    'shops',
    plans.map((plan) => String(plan.shops)),
  );
  printTable(['', ...plans.map(({ name }) => name)], [...limits, ...features, ...settings, shops]);
  print(`${plans.length} plan(s)`);
}

function printLimits({ slug, plan, limits, features }: ShopLimitsDto): void {
  const ofLimits = limits.map(({ name, plan: ofPlan, own, inForce, used, percent }) => [
    ...[name, text(ofPlan), text(own), text(inForce)],
    ...[text(used), percent === null ? '-' : `${percent}%`],
  ]);
  const ofFeatures = features.map(({ name, plan: ofPlan, own, inForce }) => [
    ...[`feature.${name}`, text(ofPlan), text(own), text(inForce)],
    ...['-', '-'],
  ]);
  printTable(['', `plan ${plan}`, 'own', 'in force', 'used', 'percent'], [...ofLimits, ...ofFeatures]);
  print(`${slug} has the plan ${plan}`);
}

function text(value: string | number | boolean | null): string {
  return shownText(value, '-');
}
