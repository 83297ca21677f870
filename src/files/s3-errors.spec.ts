import { explainS3, isBrokenOff } from './s3-errors';
import { partSizeFor } from './s3-parts';

const answered = (name: string, httpStatusCode?: number) =>
  Object.assign(new Error('text of the server'), { name, $metadata: { httpStatusCode } });

describe('errors of S3', () => {
  it.each([
    ['NoSuchBucket', 404, 'BACKUP_BUCKET_NOT_FOUND'],
    ['NoSuchKey', 404, 'BACKUP_FILE_NOT_FOUND'],
    ['PreconditionFailed', 412, 'BACKUP_FILE_EXISTS'],
    ['SignatureDoesNotMatch', 403, 'BACKUP_TARGET_DENIED'],
    ['ExpiredToken', 400, 'BACKUP_TARGET_DENIED'],
    ['SomethingElse', 403, 'BACKUP_TARGET_DENIED'],
    ['PermanentRedirect', 301, 'BACKUP_REGION_WRONG'],
    ['AuthorizationHeaderMalformed', 400, 'BACKUP_REGION_WRONG'],
    ['XMinioStorageFull', 507, 'BACKUP_TARGET_FULL'],
    ['EntityTooLarge', 400, 'BACKUP_FILE_TOO_LARGE'],
    ['SlowDown', 503, 'BACKUP_TARGET_UNREACHABLE'],
    ['Error', undefined, 'BACKUP_TARGET_UNREACHABLE'],
    ['InvalidArgument', 400, 'BACKUP_TARGET_FAILED'],
  ])('%s, %s, is %s', (name, status, code) => {
    expect(explainS3(answered(name, status), 's3://bucket/', 'a.tar')).toMatchObject({ code });
  });

  it('name missing credentials and a missing region', () => {
    const noCredentials = Object.assign(new Error('none'), { name: 'CredentialsProviderError' });
    expect(explainS3(noCredentials, 's3://bucket/')).toMatchObject({ code: 'BACKUP_TARGET_DENIED' });
    expect(explainS3(new Error('Region is missing'), 's3://bucket/')).toMatchObject({
      code: 'BACKUP_REGION_WRONG',
    });
  });

  it('leave alone what others have thrown', () => {
    const other = Object.assign(new Error('no such table'), { code: '42P01' });
    expect(explainS3(other, 's3://bucket/')).toBe(other);
    expect(isBrokenOff(other)).toBe(false);
  });

  it('tell a broken connection from a refusal', () => {
    expect(isBrokenOff(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))).toBe(true);
    expect(isBrokenOff(answered('AccessDenied', 403))).toBe(false);
  });
});

describe('parts of a file', () => {
  const GIB = 1024 ** 3;

  it('grow with what is expected, so that 10,000 suffice', () => {
    expect(partSizeFor()).toBe(16 * 1024 * 1024);
    expect(partSizeFor(100 * GIB)).toBe(16 * 1024 * 1024);
    for (const bytes of [200 * GIB, 500 * GIB, 4000 * GIB])
      expect(partSizeFor(bytes) * 10_000).toBeGreaterThanOrEqual(bytes * 1.1);
  });
});
