import { defineError } from '../../common/app-error';

export const PlanNotFound = defineError('PLAN_NOT_FOUND', 404, 'There is no such plan.');
export const PlanExists = defineError('PLAN_EXISTS', 409, 'There is a plan with this name.');
