/** Objects in S3 or what speaks its protocol; `s3:`, `s3a:` and `s3n:` locations alike. */
import { randomUUID } from 'node:crypto'
import { addAbortSignal, Readable } from 'node:stream'
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { isCatalogError } from '#model/errors.ts'
import { isInside, parseLocation } from '#model/location.ts'
import { alreadyExists, notFound, outside, refused, tooLarge, unavailable } from './errors.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import type { S3Settings, StorageTools } from './profile.ts'
import { type OpenS3, openS3 } from './s3-client.ts'

/** Marks who wrote an object, so that a repeated request whose first answer was lost knows its own work. */
const writerKey = 'lakegate-write'
/** S3 answers 409 while another conditional write of the same key is under way. */
const maxConflicts = 5

interface Failure {
  readonly name: string
  readonly status: number | undefined
}

const failureOf = (error: unknown): Failure => {
  if (!(error instanceof Error)) return { name: '', status: undefined }
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  return { name: error.name, status: typeof status === 'number' ? status : undefined }
}

const isMissing = (error: unknown): boolean => {
  const { name, status } = failureOf(error)
  return status === 404 || name === 'NoSuchKey' || name === 'NotFound'
}

interface Call {
  readonly location: string
  readonly signal?: AbortSignal | undefined
}

/** Runs one call and names its failure. */
const translated = async <T>(call: Call, work: () => Promise<T>): Promise<T> => {
  call.signal?.throwIfAborted()
  try {
    return await work()
  } catch (error) {
    if (isCatalogError(error)) throw error
    if (call.signal?.aborted === true) throw call.signal.reason
    const { name, status } = failureOf(error)
    const hopeless =
      name === 'CredentialsProviderError' || (status !== undefined && status < 500 && status !== 429)
    throw hopeless && status !== 408 ? refused(call.location, error) : unavailable(call.location, error)
  }
}

interface ReadCall extends Call {
  readonly maxBytes: number
}

const collect = async (body: Readable, call: ReadCall): Promise<Uint8Array> => {
  if (call.signal !== undefined) addAbortSignal(call.signal, body)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('an S3 body is bytes')
    bytes += chunk.byteLength
    if (bytes > call.maxBytes) throw tooLarge(call.location, call.maxBytes)
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes)
}

interface Target {
  readonly Bucket: string
  readonly Key: string
}

const sendOptions = (signal: AbortSignal | undefined): { abortSignal?: AbortSignal } =>
  signal === undefined ? {} : { abortSignal: signal }

const readObject = async (s3: OpenS3, target: Target, call: ReadCall): Promise<Uint8Array> => {
  const answer = await s3.client.send(new s3.sdk.GetObjectCommand(target), sendOptions(call.signal))
  const body = answer.Body
  if (!(body instanceof Readable)) throw new TypeError('an S3 body is a stream')
  if ((answer.ContentLength ?? 0) > call.maxBytes) {
    body.destroy()
    throw tooLarge(call.location, call.maxBytes)
  }
  return await collect(body, call)
}

const isOurs = async (s3: OpenS3, target: Target, writer: string): Promise<boolean> => {
  const answer = await s3.client.send(new s3.sdk.HeadObjectCommand(target))
  return answer.Metadata?.[writerKey] === writer
}

interface WriteCall extends Call {
  readonly bytes: Uint8Array
}

/** False when the key is taken. */
const putIfAbsent = async (s3: OpenS3, target: Target, write: WriteCall): Promise<boolean> => {
  const writer = randomUUID()
  const put = { ...target, Body: write.bytes, IfNoneMatch: '*', Metadata: { [writerKey]: writer } }
  try {
    await s3.client.send(new s3.sdk.PutObjectCommand(put), sendOptions(write.signal))
    return true
  } catch (error) {
    if (failureOf(error).status === 412) return await isOurs(s3, target, writer)
    throw error
  }
}

const writeObject = async (s3: OpenS3, target: Target, write: WriteCall): Promise<void> => {
  for (let conflicts = 0; ; conflicts++) {
    try {
      if (await putIfAbsent(s3, target, write)) return
      throw alreadyExists(write.location)
    } catch (error) {
      if (failureOf(error).status !== 409 || conflicts >= maxConflicts) throw error
    }
  }
}

interface Listing {
  readonly bucket: string
  readonly prefix: string
  readonly call: Call
}

async function* listObjects(open: () => Promise<OpenS3>, listing: Listing): AsyncGenerator<StoredObject> {
  const s3 = await open()
  const { bucket, prefix, call } = listing
  let token: string | undefined
  do {
    const request = {
      Bucket: bucket,
      Prefix: prefix,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    }
    const page: ListObjectsV2CommandOutput = await translated(call, () =>
      s3.client.send(new s3.sdk.ListObjectsV2Command(request), sendOptions(call.signal)),
    )
    for (const { Key, Size, LastModified } of page.Contents ?? [])
      if (Key !== undefined && !Key.endsWith('/'))
        yield {
          location: `s3://${bucket}/${Key}`,
          bytes: Size ?? 0,
          modifiedAt: LastModified?.getTime() ?? 0,
        }
    token = page.NextContinuationToken
  } while (token !== undefined)
}

export interface S3StoreOptions {
  /** The only S3 locations below which anything is touched. */
  readonly roots: readonly string[]
  readonly settings: S3Settings
}

export const createS3Store = ({ roots, settings }: S3StoreOptions, tools: StorageTools): ObjectStore => {
  let opening: Promise<OpenS3> | undefined
  const open = (): Promise<OpenS3> => (opening ??= openS3(settings, tools))
  const targetOf = (location: string): Target => {
    if (!roots.some((root) => isInside(location, root))) throw outside(location)
    const { bucket, path } = parseLocation(location)
    return { Bucket: bucket, Key: path }
  }
  return {
    read: (location, options) =>
      translated({ location, signal: options.signal }, async () => {
        const target = targetOf(location)
        try {
          return await readObject(await open(), target, { location, ...options })
        } catch (error) {
          throw isMissing(error) ? notFound(location, error) : error
        }
      }),
    writeIfAbsent: (location, bytes, signal) =>
      translated({ location, signal }, async () =>
        writeObject(await open(), targetOf(location), { location, signal, bytes }),
      ),
    delete: (location, signal) =>
      translated({ location, signal }, async () => {
        const target = targetOf(location)
        const s3 = await open()
        try {
          await s3.client.send(new s3.sdk.DeleteObjectCommand(target), sendOptions(signal))
        } catch (error) {
          // AWS answers 204 for what is absent; some that speak its protocol answer 404.
          if (!isMissing(error)) throw error
        }
      }),
    exists: (location, signal) =>
      translated({ location, signal }, async () => {
        const target = targetOf(location)
        const s3 = await open()
        try {
          await s3.client.send(new s3.sdk.HeadObjectCommand(target), sendOptions(signal))
          return true
        } catch (error) {
          if (isMissing(error)) return false
          throw error
        }
      }),
    makeFolder: (location, signal) =>
      translated({ location, signal }, async () => {
        signal?.throwIfAborted()
        targetOf(location)
      }),
    list: (prefix, signal) => {
      const { Bucket, Key } = targetOf(prefix)
      const listing = {
        bucket: Bucket,
        prefix: Key === '' ? '' : `${Key}/`,
        call: { location: prefix, signal },
      }
      return listObjects(open, listing)
    },
    [Symbol.asyncDispose]: async () => {
      if (opening !== undefined) (await opening).client.destroy()
    },
  }
}
