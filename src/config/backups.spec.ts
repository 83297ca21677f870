import { parseKeep, parseTarget } from './backups';
import { EnvironmentError, readEnv } from './env';

const KEY = 'age1taaqhcyym923mqw7cwty8hjmepwyrz3yjawee2l47klgae20x3qqlfe2su';

describe('BACKUP_KEEP', () => {
  it.each([
    ['7d', { days: 7, weeks: 0, months: 0, years: 0 }],
    ['7d4w12m2y', { days: 7, weeks: 4, months: 12, years: 2 }],
    ['2y30d', { days: 30, weeks: 0, months: 0, years: 2 }],
  ])('%s is read', (text, keep) => {
    expect(parseKeep(text)).toEqual(keep);
    expect(readEnv({ BACKUP_KEEP: text }).BACKUP_KEEP).toEqual(keep);
  });

  it.each(['7', 'd', '0d', '7d7d', '-1d', '1.5d', '7D', '7d 4w', '7h', '10000d'])(
    '%s is refused with an example',
    (text) => {
      expect(() => readEnv({ BACKUP_KEEP: text })).toThrow(/BACKUP_KEEP \(.*such as 7d4w12m/);
    },
  );
});

describe('BACKUP_TARGET', () => {
  it.each([
    ['backups', { kind: 'directory', directory: 'backups' }],
    ['/var/lib/back ups', { kind: 'directory', directory: '/var/lib/back ups' }],
    ['s3://my.bucket-1', { kind: 's3', bucket: 'my.bucket-1', prefix: '' }],
    ['s3://bucket//a/b_c/', { kind: 's3', bucket: 'bucket', prefix: 'a/b_c/' }],
  ])('%s is read', (text, place) => {
    expect(parseTarget(text)).toEqual(place);
  });

  it.each([
    's3://',
    's3:///prefix',
    's3://Bucket',
    's3://key:secret@bucket/prefix',
    's3://bucket?secret=1',
    's3://bucket/../other',
    's3://bucket/a?b=secret',
    'https://bucket.s3.amazonaws.com/secret',
    'file:///backups/secret',
    'two\nlines',
  ])('%j is refused without its value', (text) => {
    const read = () => readEnv({ BACKUP_TARGET: text });
    expect(read).toThrow(/BACKUP_TARGET \(must be a folder/);
    expect(read).not.toThrow('secret');
  });
});

describe('other settings of backups', () => {
  it.each([
    ['S3_ENDPOINT', 'http://127.0.0.1:9000'],
    ['S3_ENDPOINT', 'https://storage.example'],
    ['S3_REGION', 'eu-central-1'],
    ['BACKUP_SCHEDULE', '30 2 * * *'],
    ['BACKUP_SCHEDULE', '*/15 0-6,22 1 * 1-5'],
  ] as const)('%s may be %s', (name, text) => {
    expect(readEnv({ [name]: text })[name]).toBe(text);
  });

  it.each([
    ['S3_ENDPOINT', 'storage.example'],
    ['S3_ENDPOINT', 'https://key:secret@storage.example'],
    ['S3_ENDPOINT', 'https://storage.example/bucket'],
    ['S3_REGION', 'Frankfurt'],
    ['BACKUP_SCHEDULE', '@daily'],
    ['BACKUP_SCHEDULE', '30 2 * *'],
    ['BACKUP_SCHEDULE', '0 30 2 * * *'],
    ['BACKUP_RECIPIENTS', 'AGE-SECRET-KEY-1QQQ'],
    ['BACKUP_RECIPIENTS', `${KEY},`],
    ['BACKUP_RECIPIENTS', 'ssh-ed25519 AAAA'],
  ])('%s is refused by name: %s', (name, text) => {
    expect(() => readEnv({ [name]: text })).toThrow(EnvironmentError);
  });

  it('separates public keys by commas', () => {
    expect(readEnv({ BACKUP_RECIPIENTS: `${KEY}, ${KEY}` }).BACKUP_RECIPIENTS).toEqual([KEY, KEY]);
  });
});
