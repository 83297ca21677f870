import { Id, Nested, OneOf, Text, Time, Whole } from '../../http/fields';
import type { Operation, OperationState } from '../../operations/lifecycle/operation-store';
import { fileOf } from './operation-file';

/** Operations that members may ask for. */
export const MEMBERS_KINDS = ['export'] as const;

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

  @Whole({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'Rows that were written.' })
  done: number;

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

export function toOperationDto(operation: Operation): OperationDto {
  const { id, kind, state, done, error, createdAt, finishedAt } = operation;
  const file = fileOf(operation);
  return {
    id,
    kind,
    state,
    done,
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
