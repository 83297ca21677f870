import { types } from 'node:util';
import { fileExists, fileNotFound } from './file-target';
import { type TargetCode, TargetError } from './targets.errors';

const REFUSED = new Set([
  ...['AccessDenied', 'AllAccessDisabled', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken'],
  ...['ExpiredToken', 'RequestTimeTooSkewed', 'CredentialsProviderError', 'Forbidden', 'InvalidSecurity'],
]);
const OTHER_REGION = new Set([
  ...['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'],
]);
const FULL = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage']);
/** Codes of a connection that broke while content was read; before an answer, the client's error has `$metadata`. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE']);

interface Failure {
  name: string;
  code?: string;
  status?: number;
}

/** The TargetError for an error of the S3 client; other errors, such as those of whoever fills a file, as they are. */
export function explainS3(error: unknown, location: string, file?: string): unknown {
  const failure = failureOf(error);
  if (failure === null || error instanceof TargetError) return error;
  const { name } = failure;
  if (file !== undefined && (name === 'NoSuchKey' || name === 'NotFound'))
    return fileNotFound(file, location, error);
  if (file !== undefined && (name === 'ConditionalRequestConflict' || name === 'PreconditionFailed'))
    return fileExists(file, location, error);
  const [code, text] = kindOf(failure, location);
  return new TargetError(code, text, error);
}

/** True if a connection was lost, so that asking again may help. */
export function isBrokenOff(error: unknown): boolean {
  const failure = failureOf(error);
  return failure !== null && kindOf(failure, '')[0] === 'BACKUP_TARGET_UNREACHABLE';
}

/** True if the object is no longer the one that was asked for. */
export function isChanged(error: unknown): boolean {
  return failureOf(error)?.name === 'PreconditionFailed';
}

function kindOf({ name, code = '', status = 0 }: Failure, location: string): [TargetCode, string] {
  if (name === 'NoSuchBucket' || name === 'InvalidBucketName')
    return ['BACKUP_BUCKET_NOT_FOUND', `There is no bucket for ${location}.`];
  if (REFUSED.has(name) || status === 401 || status === 403)
    return ['BACKUP_TARGET_DENIED', `${location} refuses the credentials, or there are none.`];
  if (OTHER_REGION.has(name) || status === 301 || code === 'REGION_MISSING')
    return ['BACKUP_REGION_WRONG', `Set S3_REGION to the region of ${location}.`];
  if (name === 'EntityTooLarge') return ['BACKUP_FILE_TOO_LARGE', `The file is too large for ${location}.`];
  if (FULL.has(name) || status === 507) return ['BACKUP_TARGET_FULL', `No space is left in ${location}.`];
  const isAnswered = status > 0 && status < 500;
  if (!isAnswered)
    return ['BACKUP_TARGET_UNREACHABLE', `The server of ${location} cannot be reached or does not answer.`];
  return ['BACKUP_TARGET_FAILED', `${location} answered ${name}, status ${status}.`];
}

/** The parts of an error that tell its kind, or null for an error that does not come from the client or a connection. */
function failureOf(error: unknown): Failure | null {
  if (!types.isNativeError(error)) return null;
  const { name, message } = error;
  const code = 'code' in error ? String(error.code) : undefined;
  if (message === 'Region is missing') return { name, code: 'REGION_MISSING' };
  if ('$metadata' in error) {
    const { httpStatusCode } = error.$metadata as { httpStatusCode?: number };
    return { name, code, status: httpStatusCode };
  }
  const isBroken = (code !== undefined && BROKEN.has(code)) || name === 'TimeoutError';
  return isBroken || name === 'CredentialsProviderError' ? { name, code } : null;
}
