import { defineError } from '../common/app-error';

export const TenantRequired = defineError(
  'TENANT_REQUIRED',
  403,
  'The access token names no shop; send a shopId to /api/v1/auth/switch, or log in with one.',
);
export const NotAMember = defineError('NOT_A_MEMBER', 403, 'You are not a member of this shop.');
export const OwnerRequired = defineError('OWNER_REQUIRED', 403, 'Only an owner of the shop may do this.');
export const RoleRequired = defineError('ROLE_REQUIRED', 403, 'Your role in the shop does not allow this.');
export const ShopSuspended = defineError('SHOP_SUSPENDED', 403, 'The shop is suspended.');
export const ShopReadOnly = defineError('SHOP_READ_ONLY', 403, 'The shop can only be read at the moment.');
export const RateLimited = defineError(
  'RATE_LIMITED',
  429,
  'The shop has sent as many requests as its plan allows for the moment.',
);
export const ShopNotReady = defineError('SHOP_NOT_READY', 503, 'The shop is being brought up to date.');
export const FeatureOff = defineError('FEATURE_OFF', 403, 'This feature is off for the shop.');
export const QuotaExceeded = defineError('QUOTA_EXCEEDED', 403, 'The shop has used up a quota of its plan.');
export const NoTenantReady = defineError(
  'NO_TENANT_READY',
  503,
  'No schema is ready for a new shop at the moment.',
);
export const ShopNotFound = defineError('SHOP_NOT_FOUND', 404, 'There is no such shop.');
export const IdempotencyInFlight = defineError(
  'IDEMPOTENCY_IN_FLIGHT',
  409,
  'The first request with this Idempotency-Key is still being served.',
);
export const IdempotencyKeyReused = defineError(
  'IDEMPOTENCY_KEY_REUSED',
  422,
  'This Idempotency-Key was used for another request.',
);
export const IdempotentAnswerErased = defineError(
  'IDEMPOTENT_ANSWER_ERASED',
  410,
  'The request was served; its answer has been erased with the customer whom it named.',
);
export const IdempotentAnswerTooLarge = defineError(
  'IDEMPOTENT_ANSWER_TOO_LARGE',
  422,
  'The answer is too large to be kept for its Idempotency-Key; nothing was stored.',
);

export const FileNameInvalid = defineError(
  'FILE_NAME_INVALID',
  400,
  'A file has no such name: letters, digits, dots, - and _, at most 200.',
);
export const FileNotFound = defineError('FILE_NOT_FOUND', 404, 'This shop has no such file.');
export const FileExists = defineError('FILE_EXISTS', 409, 'This shop has a file of this name.');
export const FilesUnavailable = defineError(
  'FILES_UNAVAILABLE',
  503,
  'The files of shops cannot be reached at the moment.',
);

export const SlugTaken = defineError('SLUG_TAKEN', 409, 'Another shop has this slug.');
