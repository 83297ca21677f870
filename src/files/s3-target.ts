import { Readable, Transform } from 'node:stream';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import type { TargetLocation } from '../config/backups';
import { type Env, quietAwsClient } from '../config/env';
import {
  type StoredFile,
  type FileTarget,
  checkFileName,
  type Fill,
  fileExists,
  fileNotFound,
  isFileName,
  type Leftover,
  type WriteOptions,
} from './file-target';
import { explainS3, isBrokenOff, isChanged } from './s3-errors';
import { MOST_PARTS, partSizeFor, S3_QUEUE } from './s3-parts';
import { TargetError } from './targets.errors';

const CONNECT_MS = 10_000;
const SILENCE_MS = 60_000;
/** Times in a row that a broken download is taken up again without a byte more. */
const RESUMES = 3;
/** Objects that are removed at a time. */
const REMOVED_AT_ONCE = 16;

type S3Place = Extract<TargetLocation, { kind: 's3' }>;

/** The packages of the client, which take a third of a second to load. */
type Sdk = typeof import('@aws-sdk/client-s3') & typeof import('@aws-sdk/lib-storage');

/** Credentials come from AWS's own variables, files or machine roles, as in every program that uses its client. */
export async function openS3Target(
  place: S3Place,
  settings: Pick<Env, 'S3_ENDPOINT' | 'S3_REGION'>,
): Promise<FileTarget> {
  quietAwsClient();
  const sdk = { ...(await import('@aws-sdk/client-s3')), ...(await import('@aws-sdk/lib-storage')) };
  const { S3_ENDPOINT: endpoint, S3_REGION: region } = settings;
  const client = new sdk.S3Client({
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(endpoint !== undefined && { region: 'us-east-1' }), // other servers ignore it, and the client wants one
    ...(region !== undefined && { region }),
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
  });
  return new S3Target(sdk, client, place);
}

/** Files as objects directly below a prefix of a bucket. */
class S3Target implements FileTarget {
  readonly location: string;

  constructor(
    private readonly sdk: Sdk,
    private readonly client: S3Client,
    private readonly place: S3Place,
  ) {
    this.location = `s3://${place.bucket}/${place.prefix}`;
  }

  async prepare(): Promise<void> {
    const { bucket: Bucket, prefix: Prefix } = this.place;
    await this.#ask(() =>
      this.client.send(new this.sdk.ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 })),
    );
  }

  /** Uploads in parts: about four of them are in memory. An object exists when all its parts have been put together. */
  async write<T>(
    name: string,
    fill: Fill<T>,
    { expectedBytes }: WriteOptions = {},
  ): Promise<{ bytes: number; result: T }> {
    checkFileName(name);
    if ((await this.#find(name)) !== null) throw fileExists(name, this.location);
    const partSize = partSizeFor(expectedBytes);
    const body = limited(partSize * MOST_PARTS, this.location);
    const upload = new this.sdk.Upload({
      client: this.client,
      params: { ...this.#object(name), Body: body, IfNoneMatch: '*' },
      partSize,
      queueSize: S3_QUEUE,
    });
    const stop = (error: unknown) => {
      body.destroy(new Error('The file was not written.', { cause: error })); // ends the other of the two
      throw error;
    };
    const [filled, uploaded] = await Promise.allSettled([
      fill(body).then((result) => {
        if (!body.writableEnded) body.end();
        return result;
      }, stop),
      upload.done().catch(stop),
    ]);
    if (filled.status === 'fulfilled' && uploaded.status === 'fulfilled')
      return { bytes: body.bytes, result: filled.value };
    // A failed upload closes the stream below `fill`, and a failed `fill` the stream of the upload: the other is the cause.
    if (filled.status === 'rejected' && (uploaded.status === 'fulfilled' || !isClosedStream(filled.reason)))
      throw filled.reason;
    throw this.#explain((uploaded as PromiseRejectedResult).reason, name);
  }

  async read(name: string): Promise<Readable> {
    checkFileName(name);
    const first = await this.#get(name, 0);
    return Readable.from(this.#bytes(name, first), { objectMode: false, highWaterMark: 256 * 1024 });
  }

  async size(name: string): Promise<number> {
    checkFileName(name);
    const file = await this.#find(name);
    if (file === null) throw fileNotFound(name, this.location);
    return file.bytes;
  }

  async *list(): AsyncGenerator<StoredFile> {
    const { bucket: Bucket, prefix: Prefix } = this.place;
    try {
      const pages = this.sdk.paginateListObjectsV2(
        { client: this.client },
        { Bucket, Prefix, Delimiter: '/' },
      );
      for await (const { Contents = [] } of pages)
        for (const { Key = '', Size = 0, LastModified = new Date(0) } of Contents) {
          const name = Key.slice(Prefix.length);
          if (isFileName(name)) yield { name, bytes: Size, modifiedAt: LastModified };
        }
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async remove(name: string): Promise<void> {
    checkFileName(name);
    await this.#ask(() => this.client.send(new this.sdk.DeleteObjectCommand(this.#object(name))), name);
  }

  async *leftovers(): AsyncGenerator<Leftover> {
    for await (const upload of this.#uploads()) if (isFileName(upload.name)) yield upload;
  }

  below(...folders: string[]): S3Target {
    folders.forEach(checkFileName);
    const prefix = `${this.place.prefix}${folders.map((folder) => `${folder}/`).join('')}`;
    return new S3Target(this.sdk, this.client, { ...this.place, prefix });
  }

  async *folders(): AsyncGenerator<string> {
    const { bucket: Bucket, prefix } = this.place;
    try {
      const pages = this.sdk.paginateListObjectsV2(
        { client: this.client },
        { Bucket, Prefix: prefix, Delimiter: '/' },
      );
      for await (const { CommonPrefixes = [] } of pages)
        for (const { Prefix = '' } of CommonPrefixes) {
          const name = Prefix.slice(prefix.length, -1);
          if (isFileName(name)) yield name;
        }
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async removeAll(): Promise<void> {
    const { bucket: Bucket, prefix: Prefix } = this.place;
    for await (const upload of this.#uploads()) await upload.remove();
    await this.#ask(async () => {
      for await (const { Contents = [] } of this.sdk.paginateListObjectsV2(
        { client: this.client },
        { Bucket, Prefix },
      ))
        for (let at = 0; at < Contents.length; at += REMOVED_AT_ONCE)
          await Promise.all(
            Contents.slice(at, at + REMOVED_AT_ONCE).map(({ Key }) =>
              this.client.send(new this.sdk.DeleteObjectCommand({ Bucket, Key })),
            ),
          );
    });
  }

  /** Uploads that have not ended, also of folders below. */
  async *#uploads(): AsyncGenerator<Leftover> {
    const { bucket: Bucket, prefix: Prefix } = this.place;
    for (let KeyMarker: string | undefined, UploadIdMarker: string | undefined; ;) {
      const command = new this.sdk.ListMultipartUploadsCommand({ Bucket, Prefix, KeyMarker, UploadIdMarker });
      const page = await this.#ask(() => this.client.send(command));
      for (const { Key = '', UploadId, Initiated = new Date(0) } of page.Uploads ?? []) {
        const name = Key.slice(Prefix.length);
        const abort = new this.sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId });
        const remove = async () => void (await this.#ask(() => this.client.send(abort), name));
        yield { name, startedAt: Initiated, remove };
      }
      if (page.IsTruncated !== true) return;
      ({ NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page);
    }
  }

  /** Listing tells a bucket that is missing from a file that is missing; HEAD, which has no body, does not. */
  async #find(name: string): Promise<{ bytes: number } | null> {
    const { Bucket, Key } = this.#object(name);
    const command = new this.sdk.ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: 1 });
    const { Contents = [] } = await this.#ask(() => this.client.send(command));
    return Contents[0]?.Key === Key ? { bytes: Contents[0].Size ?? 0 } : null; // of several, itself is the first
  }

  /** Content of a file. A connection that breaks, also because the reader paused for long, is replaced by one for the rest. */
  async *#bytes(name: string, first: GetObjectCommandOutput): AsyncGenerator<Buffer> {
    const [bytes, etag] = [first.ContentLength ?? 0, first.ETag];
    let at = 0;
    for (let got = first, failures = 0; ;) {
      try {
        for await (const chunk of got.Body as Readable as AsyncIterable<Buffer>) {
          at += chunk.length;
          failures = 0;
          yield chunk;
        }
        if (at >= bytes) return;
      } catch (error) {
        if (!isBrokenOff(error) || failures >= RESUMES) throw this.#explain(error, name);
      }
      if (++failures > RESUMES)
        throw new TargetError('BACKUP_TARGET_UNREACHABLE', `${this.location} broke off ${name}.`);
      got = await this.#get(name, at, etag);
    }
  }

  async #get(name: string, at: number, IfMatch?: string): Promise<GetObjectCommandOutput> {
    const range = at === 0 ? {} : { Range: `bytes=${at}-`, IfMatch };
    try {
      return await this.client.send(new this.sdk.GetObjectCommand({ ...this.#object(name), ...range }));
    } catch (error) {
      if (!isChanged(error)) throw this.#explain(error, name);
      const text = `${name} in ${this.location} was replaced while it was read.`;
      throw new TargetError('BACKUP_FILE_CHANGED', text, error);
    }
  }

  #object(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.place.bucket, Key: `${this.place.prefix}${name}` };
  }

  async #ask<T>(work: () => Promise<T>, name?: string): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#explain(error, name);
    }
  }

  #explain(error: unknown, name?: string): unknown {
    return explainS3(error, this.location, name);
  }
}

/** True for the error of writing to a stream that somebody else has closed. */
function isClosedStream(error: unknown): boolean {
  const { code } = error as { code?: string };
  return ['ABORT_ERR', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(code ?? '');
}

/** Counts the bytes of a file and refuses more than S3 can put together. */
function limited(most: number, location: string): Transform & { bytes: number } {
  const body = Object.assign(
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        body.bytes += chunk.length;
        const text = `A file in ${location} has at most ${MOST_PARTS} parts, and this one was expected to be smaller.`;
        done(body.bytes > most ? new TargetError('BACKUP_FILE_TOO_LARGE', text) : null, chunk);
      },
    }),
    { bytes: 0 },
  );
  body.on('error', () => {}); // `fill` and the upload report it; an error without a listener would end the process
  return body;
}
