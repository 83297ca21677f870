import { ApiProperty } from '@nestjs/swagger';
import { Id, Nested, OneOf, Text, Time, Whole } from '../../http/fields';
import { PageQuery } from '../../http/page';
import type { Operation, OperationState } from '../../operations/lifecycle/operation-store';
import { fileOf } from './operation-file';

/** Operations that members may ask for. */
export const MEMBERS_KINDS = ['export', 'products-import'] as const;

const STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const satisfies OperationState[];

export class OperationFileDto {
  @Text({ max: 200, description: 'Address of the file.', example: '/api/v1/operations/{id}/file' })
  path: string;

  @Text({ max: 200, example: 'export.corner-shop.20261129T120000.000Z.zip' })
  name: string;

  @Whole({ min: 0, max: Number.MAX_SAFE_INTEGER })
  bytes: number;

  @Time({ description: 'Time after which the file is removed.' })
  expiresAt: string;
}

export class ListOperationsQuery extends PageQuery {
  @OneOf(STATES, { optional: true })
  state?: OperationState;
}

/** An operation in a list: its findings and its report, which may be long, are shown with the operation alone. */
export class OperationItemDto {
  @Id()
  id: string;

  @OneOf(MEMBERS_KINDS)
  kind: string;

  @OneOf(STATES)
  state: OperationState;

  @Whole({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'Rows that were written or read.' })
  done: number;

  @Whole({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'Rows in all; 0 while unknown.' })
  total: number;

  @Text({
    max: 100,
    nullable: true,
    description: 'Why it failed: a code of docs/errors.md, or INTERNAL_ERROR.',
    example: null,
  })
  errorCode: string | null;

  @Nested(OperationFileDto, { nullable: true, description: 'The result, once it is done, until it expires.' })
  file: OperationFileDto | null;

  @Time()
  createdAt: string;

  @Time({ nullable: true })
  finishedAt: string | null;
}

export class OperationDto extends OperationItemDto {
  @ApiProperty({
    ...{ type: 'array', items: { type: 'object', additionalProperties: true }, maxItems: 1000, example: [] },
    description: 'Rows that are the reason why it failed, as in the error of the request.',
  })
  errors: readonly object[];

  @ApiProperty({
    ...{ type: 'object', additionalProperties: true, nullable: true, example: null },
    description: 'Report of an import that is done: the answer of `POST /api/v1/products/import`.',
  })
  report: object | null;
}

/** Columns of an operation that a list shows. */
export type OperationItem = Pick<
  Operation,
  'id' | 'kind' | 'state' | 'done' | 'total' | 'error' | 'result' | 'createdAt' | 'finishedAt'
>;

export function toOperationDto(operation: Operation): OperationDto {
  const { error, result } = operation;
  return {
    ...toOperationItemDto(operation),
    errors: error?.errors ?? [],
    report: (result as { report?: object } | null)?.report ?? null,
  };
}

export function toOperationItemDto(operation: OperationItem): OperationItemDto {
  const { id, kind, state, done, total, error, createdAt, finishedAt } = operation;
  const file = fileOf(operation);
  return {
    ...{ id, kind, state, done, total },
    errorCode: error === null ? null : (error.code ?? 'INTERNAL_ERROR'),
    file: file && {
      path: `/api/v1/operations/${id}/file`,
      name: file.file,
      bytes: file.bytes,
      expiresAt: file.expiresAt ?? '',
    },
    createdAt: createdAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
