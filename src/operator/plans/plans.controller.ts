import { Body, Controller, Get, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Route } from '../../http/route';
import {
  CreatePlanDto,
  LimitChangesDto,
  NamedPlanDto,
  PlanChangeDto,
  PlanChangesDto,
  PlanDto,
  PlansDto,
  ShopLimitsDto,
} from '../../public/plans/plans.dto';
import { PlanExists, PlanNotFound } from '../../public/plans/plans.errors';
import { PlansService } from '../../public/plans/plans.service';
import { ShopLimitsService } from '../../public/plans/shop-limits.service';
import type { Operator } from '../../tenancy/operator';
import { ShopNotFound } from '../../tenancy/tenancy.errors';
import { Acting, Allows } from '../accounts/operator-role';
import { NamedShop } from '../shops/shop-name';

@ApiTags('plans')
@Controller()
export class PlansController {
  constructor(
    private readonly plans: PlansService,
    private readonly limits: ShopLimitsService,
  ) {}

  @Get('plans')
  @Allows('viewer')
  @Route({ summary: 'Lists all plans with their limits, features and settings', ok: PlansDto })
  async list(): Promise<PlansDto> {
    return { plans: await this.plans.list() };
  }

  @Post('plans')
  @Allows('operator')
  @Route({ summary: 'Creates a plan', status: 201, ok: PlanDto, errors: [PlanExists] })
  create(@Acting() by: Operator, @Body() plan: CreatePlanDto): Promise<PlanDto> {
    return this.plans.create(by, plan);
  }

  @Patch('plans/:plan')
  @Allows('operator')
  @Route({
    summary: 'Changes limits, features and settings of a plan, for all its shops within 5 s',
    ok: PlanDto,
    errors: [PlanNotFound],
  })
  update(
    @Acting() by: Operator,
    @Param('plan') plan: string,
    @Body() changes: PlanChangesDto,
  ): Promise<PlanDto> {
    return this.plans.update(by, plan, changes);
  }

  @Post('shops/:shop/plan')
  @Allows('operator')
  @Route({
    summary: 'Gives a shop another plan within 5 s',
    ok: PlanChangeDto,
    errors: [ShopNotFound, PlanNotFound],
  })
  setPlan(
    @Acting() by: Operator,
    @NamedShop() shop: string,
    @Body() { plan }: NamedPlanDto,
  ): Promise<PlanChangeDto> {
    return this.limits.setPlan(by, shop, plan);
  }

  @Get('shops/:shop/limits')
  @Allows('viewer')
  @Route({
    summary: 'Shows limits and features of a shop: of its plan, its own, and in force',
    ok: ShopLimitsDto,
    errors: [ShopNotFound],
  })
  getLimits(@NamedShop() shop: string): Promise<ShopLimitsDto> {
    return this.limits.get(shop);
  }

  @Patch('shops/:shop/limits')
  @Allows('operator')
  @Route({
    summary: 'Changes limits and features of the shop itself within 5 s; null takes one away',
    ok: ShopLimitsDto,
    errors: [ShopNotFound],
  })
  updateLimits(
    @Acting() by: Operator,
    @NamedShop() shop: string,
    @Body() changes: LimitChangesDto,
  ): Promise<ShopLimitsDto> {
    return this.limits.update(by, shop, changes);
  }
}
