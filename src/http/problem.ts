import { HttpException } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { AppError } from '../common/app-error';
import {
  BodyTooLarge,
  DatabaseUnavailable,
  InternalError,
  MalformedBody,
  Overloaded,
  StatementTimeout,
  RequestRefused,
  RequestTimeout,
  RouteNotFound,
  ShuttingDown,
  UnsupportedMediaType,
  UriTooLong,
} from '../common/common.errors';
import { PLACEHOLDER_ID } from '../common/ids';
import { isContention, isDatabaseAway, sqlState, STATEMENT_CANCELLED } from '../common/sqlstate';

/** Error of the API: `application/problem+json`, RFC 9457, with a stable `code`. */
export class ProblemDto {
  @ApiProperty({ example: 'urn:stoa:error:VALIDATION_FAILED' })
  type: string;
  @ApiProperty({ example: 'The request has invalid fields.' })
  title: string;
  @ApiProperty({ example: 400 })
  status: number;
  @ApiProperty({ example: 'VALIDATION_FAILED', description: 'Stable; compare errors by this.' })
  code: string;
  @ApiPropertyOptional({ example: 'The shop name is missing.' })
  detail?: string;
  @ApiProperty({ example: PLACEHOLDER_ID, description: 'Request id, as in the log.' })
  instance: string;
  @ApiPropertyOptional({ type: 'array', items: { type: 'object' }, description: 'Findings by field or row.' })
  errors?: readonly object[];
}

const RETRY_SECONDS = 2;

/** Converts anything thrown to an AppError. An unexpected error becomes INTERNAL_ERROR with its cause. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof HttpException) return fromStatus(thrown);
  if (isClientFault(thrown)) return fromStatus(new HttpException(thrown.message, thrown.statusCode));
  if (isDatabaseAway(thrown)) return new DatabaseUnavailable({ retryAfter: RETRY_SECONDS, cause: thrown });
  if (sqlState(thrown) === STATEMENT_CANCELLED)
    return new StatementTimeout({ retryAfter: RETRY_SECONDS, cause: thrown });
  if (isContention(thrown)) return new Overloaded({ retryAfter: RETRY_SECONDS, cause: thrown });
  return new InternalError({ cause: thrown });
}

/** True if the error has a 4xx status. An aborted body has the code ECONNRESET, as a lost database has, but also a status. */
function isClientFault(thrown: unknown): thrown is Error & { statusCode: number } {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return false;
  return typeof thrown.statusCode === 'number' && thrown.statusCode >= 400 && thrown.statusCode < 500;
}

/** Converts errors of Nest and Fastify (routing, parsing), which are known by status only. */
function fromStatus(thrown: HttpException): AppError {
  const status = thrown.getStatus();
  const details = { cause: thrown };
  if (status === 404) return new RouteNotFound(details);
  if (status === 408) return new RequestTimeout(details);
  if (status === 413) return new BodyTooLarge(details);
  if (status === 414) return new UriTooLong(details);
  if (status === 415) return new UnsupportedMediaType(details);
  if (status === 503) return new ShuttingDown({ ...details, retryAfter: RETRY_SECONDS });
  if (status === 400) return new MalformedBody({ ...details, detail: thrown.message });
  if (status < 500) return new RequestRefused({ ...details, detail: thrown.message });
  return new InternalError(details);
}

export function problemOf(error: AppError, requestId: string): ProblemDto {
  const { kind, details } = error;
  return {
    type: `urn:stoa:error:${kind.code}`,
    title: kind.title,
    status: kind.status,
    code: kind.code,
    ...(details.detail === undefined ? {} : { detail: details.detail }),
    instance: requestId,
    ...(details.errors === undefined ? {} : { errors: details.errors }),
  };
}
