import { ApiProperty } from '@nestjs/swagger';
import { Flag, Id, Name, Nested, OneOf, Text, Texts, Time, Whole } from '../../http/fields';
import { PageQuery } from '../../http/page';
import { LEAVABLE } from '../../operations/lifecycle/copy/without';
import { ConfirmDto } from '../shops/shop-name';
import { Slug } from '../../public/shops/shops.dto';

export const STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
const ORIGINS = ['command', 'operator', 'member', 'schedule'] as const;
const COUNT = { min: 0, max: Number.MAX_SAFE_INTEGER };

export class ListOperationsQuery extends PageQuery {
  @OneOf(STATES, { optional: true })
  state?: (typeof STATES)[number];

  @Text({ max: 40, optional: true, example: 'backup' })
  kind?: string;

  @Text({ max: 60, optional: true, example: 'corner-shop', description: 'Slug or id of the shop.' })
  shop?: string;
}

export class FailureDto {
  @Text({ max: 2000, example: 'the file ends too early' })
  message: string;

  @Text({ max: 60, nullable: true, example: 'BACKUP_INVALID' })
  code: string | null;
}

export class OperationDto {
  @Id()
  id: string;

  @Text({ max: 40, example: 'backup' })
  kind: string;

  @Id({ nullable: true, description: 'Null for an operation on several shops, or that makes a new one.' })
  shopId: string | null;

  @Text({ max: 60, nullable: true, example: 'corner-shop', description: 'Slug at the time of the request.' })
  shopSlug: string | null;

  @OneOf(ORIGINS)
  byKind: (typeof ORIGINS)[number];

  @Id({ nullable: true, description: 'User or operator who asked for it.' })
  byId: string | null;

  @OneOf(STATES)
  state: (typeof STATES)[number];

  @Text({ max: 60, nullable: true, example: 'copy' })
  step: string | null;

  @Whole(COUNT)
  done: number;

  @Whole({ ...COUNT, description: '0 while unknown.' })
  total: number;

  @ApiProperty({
    ...{ type: 'object', additionalProperties: true, nullable: true, example: null },
    description: 'Its form depends on the kind.',
  })
  result: object | null;

  @Nested(FailureDto, { nullable: true })
  error: FailureDto | null;

  @Flag({ description: 'True once somebody asked for its end.' })
  cancelWanted: boolean;

  @Time()
  createdAt: Date;

  @Time({ nullable: true })
  startedAt: Date | null;

  @Time({ nullable: true })
  finishedAt: Date | null;
}

export class ListBackupsQuery extends PageQuery {
  @Text({
    ...{ max: 60, optional: true, example: 'corner-shop' },
    description: 'Slug or id of the shop; one that is gone by its id, or its slug at the time.',
  })
  shop?: string;
}

export class BackupDto {
  @Id()
  id: string;

  @Id()
  shopId: string;

  @Text({ max: 60, example: 'corner-shop', description: 'Slug at the time of the backup.' })
  shopSlug: string;

  @Text({ max: 2000, example: '/srv/backups', description: 'Folder, or s3://bucket/prefix.' })
  target: string;

  @Text({ max: 500, example: 'corner-shop.20261129T120000.000Z.1f3c9a2b.tar.gz' })
  file: string;

  @Whole(COUNT)
  bytes: number;

  @Whole(COUNT)
  rows: number;

  @Flag()
  isEncrypted: boolean;

  @Time({ description: 'The data are as of this moment.' })
  snapshotAt: Date;
}

export class RestoreOverDto extends ConfirmDto {
  @Id({ description: 'A backup of this shop.' })
  backupId: string;

  @Texts({
    ...{ max: 100, length: 63, optional: true, example: ['products', 'product_variants'] },
    description: 'Only these tables; default: all.',
  })
  tables?: string[];
}

export class RestoreAsDto {
  @Slug()
  slug?: string;
}

export class CloneDto {
  @Slug('corner-test')
  slug: string;

  @Name({ optional: true, example: 'Corner Test', description: 'Default: the name of the shop.' })
  name?: string;

  @Texts({
    ...{ max: LEAVABLE.length, length: 63, optional: true, example: ['orders'] },
    pattern: new RegExp(`^(?:${LEAVABLE.join('|')})$`),
    description: `Tables that stay empty, with those that refer to them: ${LEAVABLE.join(', ')}.`,
  })
  without?: string[];

  @Flag({
    ...{ optional: true, example: true },
    description: 'Invents people in place of the real ones; only owners stay members. Default: false.',
  })
  anonymise?: boolean;
}

export class PurgeDto extends ConfirmDto {
  @Flag({
    ...{ optional: true, example: true },
    description: 'Writes a last backup first, which stays. Default: true.',
  })
  archive?: boolean;
}

export class RehearseDto {
  @Whole({
    ...{ min: 1, max: 10_000, optional: true, example: 5 },
    description: 'Number of shops, those whose newest backup is most recent; default 5.',
  })
  newest: number = 5;
}
