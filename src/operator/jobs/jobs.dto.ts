import { Id, OneOf, Text, Time, Whole } from '../../http/fields';
import { PageQuery } from '../../http/page';
import { JOB_STATES, type JobState } from '../../operations/tenant-jobs/tenant-jobs.service';

const ATTEMPTS = { min: 0, max: 100 };

export class ListJobsQuery extends PageQuery {
  @Text({ max: 60, optional: true, example: 'corner-shop', description: 'Slug or id of the shop.' })
  shop?: string;

  @Text({ max: 50, optional: true, example: 'remove-expired-keys' })
  kind?: string;

  @OneOf(JOB_STATES, { optional: true })
  state?: JobState;
}

export class JobDto {
  @Id()
  id: string;

  @Id()
  shopId: string;

  @Text({ max: 60, nullable: true, example: 'corner-shop', description: 'Null for a shop that was removed.' })
  shopSlug: string | null;

  @Text({ max: 50, example: 'remove-expired-keys' })
  kind: string;

  @OneOf(JOB_STATES)
  state: JobState;

  @Text({
    max: 200,
    nullable: true,
    example: null,
    description: 'Jobs of a shop with one key are done in order.',
  })
  orderKey: string | null;

  @Whole(ATTEMPTS)
  attempts: number;

  @Whole(ATTEMPTS)
  maxAttempts: number;

  @Time({ description: 'Earliest begin of the next attempt.' })
  runAt: Date;

  @Time()
  createdAt: Date;

  @Time({ nullable: true, description: 'Begin of the last attempt.' })
  startedAt: Date | null;

  @Text({ max: 1000, nullable: true, example: null, description: 'Failure of the last attempt.' })
  error: string | null;

  @Id({ nullable: true, description: 'Member who added it; null for a schedule or a command.' })
  userId: string | null;

  @Text({ max: 200, nullable: true, example: null, description: 'Request that added it.' })
  requestId: string | null;
}

export class ShownJobDto extends JobDto {
  @Text({ max: 65_536, example: '{}', description: 'Object whose form depends on the kind.' })
  payload: object;
}
