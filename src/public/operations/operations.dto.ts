import { ApiProperty } from '@nestjs/swagger';
import { Id, Nested, OneOf, Text, Time, Whole } from '../../http/fields';
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

export class OperationDto {
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

  @Nested(OperationFileDto, { nullable: true, description: 'The result, once it is done, until it expires.' })
  file: OperationFileDto | null;

  @Time()
  createdAt: string;

  @Time({ nullable: true })
  finishedAt: string | null;
}

export function toOperationDto(operation: Operation): OperationDto {
  const { id, kind, state, done, total, error, result, createdAt, finishedAt } = operation;
  const file = fileOf(operation);
  return {
    id,
    kind,
    state,
    done,
    total,
    errorCode: error === null ? null : (error.code ?? 'INTERNAL_ERROR'),
    errors: error?.errors ?? [],
    report: (result as { report?: object } | null)?.report ?? null,
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
