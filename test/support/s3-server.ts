import crypto from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import S3rver from 's3rver';

/** Ends a request in a way of its own; returns false to leave it to the server. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * A server that speaks S3 on 127.0.0.1, with buckets in a folder of its own. It refuses unknown access keys and checks no
 * signature. `fault` sees each request before it.
 */
export class S3Server {
  fault: Fault = () => false;

  private readonly folder = mkdtempSync(path.join(tmpdir(), 's3-'));
  private readonly server = createServer();

  /** Starts it with these buckets. */
  static async start(...buckets: string[]): Promise<S3Server> {
    const server = new S3Server();
    await server.listen(buckets);
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Keys of the objects in a bucket, as the server keeps them. */
  keys(bucket: string): string[] {
    const files = readdirSync(path.join(this.folder, bucket), { recursive: true }) as string[];
    return files.flatMap((file) => (file.endsWith('._S3rver_object') ? [file.slice(0, -15)] : [])).toSorted();
  }

  /** Numbers of parts of the uploads that have begun and neither ended nor been aborted. */
  uploads(bucket: string): number[] {
    return this.uploadsIn(bucket).map(({ parts }) => parts);
  }

  /** Adds an object without a request. */
  put(bucket: string, key: string, content: string): void {
    const file = path.join(this.folder, bucket, `${key}._S3rver_object`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async listen(buckets: string[]): Promise<void> {
    allowDes();
    const s3rver = new S3rver({
      directory: this.folder,
      silent: true,
      vhostBuckets: false,
      configureBuckets: buckets.map((name) => ({ name })),
    });
    await s3rver.configureBuckets();
    const answer = s3rver.callback();
    this.server.on('request', (request, response) => {
      if (!this.fault(request, response) && !this.answerItself(request, response)) answer(request, response);
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** Does what s3rver 3.7 does not: lists and aborts uploads in parts, lists folders that have only folders. */
  private answerItself({ method, url }: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, searchParams } = new URL(url!, this.url);
    const bucket = pathname.split('/')[1]!;
    if (method === 'DELETE' && searchParams.has('uploadId')) {
      rmSync(path.join(this.uploadFolder(bucket), searchParams.get('uploadId')!), { recursive: true });
      response.writeHead(204).end();
      return true;
    }
    if (method !== 'GET') return false;
    const prefix = searchParams.get('prefix') ?? '';
    const folders =
      prefix !== '' && searchParams.get('delimiter') === '/' ? this.foldersBelow(bucket, prefix) : [];
    if (folders.length > 0 && !this.keys(bucket).some((key) => isDirectlyBelow(key, prefix))) {
      const names = folders.map((name) => `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`);
      response
        .setHeader('Content-Type', 'application/xml')
        .end(`<ListBucketResult><IsTruncated>false</IsTruncated>${names.join('')}</ListBucketResult>`);
      return true;
    }
    if (!searchParams.has('uploads')) return false;
    const uploads = this.uploadsIn(bucket).filter(({ key }) => key.startsWith(prefix));
    const xml = uploads.map(
      ({ id, key, startedAt }) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${startedAt.toISOString()}</Initiated></Upload>`,
    );
    response
      .setHeader('Content-Type', 'application/xml')
      .end(`<ListMultipartUploadsResult>${xml.join('')}</ListMultipartUploadsResult>`);
    return true;
  }

  /** Prefixes of the folders directly below a prefix. */
  private foldersBelow(bucket: string, prefix: string): string[] {
    if (!existsSync(path.join(this.folder, bucket))) return [];
    const deeper = this.keys(bucket).filter((key) => key.startsWith(prefix) && !isDirectlyBelow(key, prefix));
    return [...new Set(deeper.map((key) => key.slice(0, key.indexOf('/', prefix.length) + 1)))];
  }

  private uploadsIn(bucket: string) {
    const folder = this.uploadFolder(bucket);
    if (!existsSync(folder)) return [];
    return readdirSync(folder).map((id) => ({
      id,
      key: readFileSync(path.join(folder, id, 'key'), 'utf8'),
      startedAt: statSync(path.join(folder, id, 'key')).mtime,
      parts: readdirSync(path.join(folder, id)).filter((file) => /^\d+$/.test(file)).length,
    }));
  }

  private uploadFolder(bucket: string): string {
    return path.join(this.folder, bucket, '._S3rver_uploads');
  }
}

const isDirectlyBelow = (key: string, prefix: string) =>
  key.startsWith(prefix) && !key.includes('/', prefix.length);

/**
 * Encrypts page tokens of s3rver with the cipher it wants: OpenSSL 3 has retired DES, but three rounds of it with one key
 * are the same.
 */
function allowDes(): void {
  for (const name of ['createCipheriv', 'createDecipheriv'] as const) {
    const original = crypto[name] as (algorithm: string, ...rest: unknown[]) => unknown;
    const replacement = (algorithm: string, key: Buffer, ...rest: unknown[]) =>
      algorithm === 'des'
        ? original('des-ede3-cbc', Buffer.concat([key, key, key]), ...rest)
        : original(algorithm, key, ...rest);
    Object.assign(crypto, { [name]: replacement });
  }
}
