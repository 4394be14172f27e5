/** The S3 client of one profile: made on first use, because loading the SDK costs a start that has no S3 profile. */
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { S3CredentialReferences, S3Settings, StorageTools } from './profile.ts'

type S3Sdk = typeof import('@aws-sdk/client-s3')

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration: Date
}

export interface OpenS3 {
  readonly sdk: S3Sdk
  readonly client: S3Client
}

const connectTimeoutMs = 5_000
const requestTimeoutMs = 30_000
const maxAttempts = 3
/** How long resolved credentials are used before the references are read again. */
const credentialsLifeMs = 300_000
/** The SDK takes credentials for expired this long before they are. */
const sdkMarginMs = 300_000

const createCredentials =
  (references: S3CredentialReferences, tools: StorageTools) => async (): Promise<Credentials> => {
    const { sessionToken } = references
    const [accessKeyId, secretAccessKey, token] = await Promise.all([
      tools.secret(references.accessKeyId),
      tools.secret(references.secretAccessKey),
      sessionToken === undefined ? undefined : tools.secret(sessionToken),
    ])
    const expiration = new Date(tools.now() + credentialsLifeMs + sdkMarginMs)
    return {
      accessKeyId,
      secretAccessKey,
      expiration,
      ...(token === undefined ? {} : { sessionToken: token }),
    }
  }

const clientConfig = (settings: S3Settings, tools: StorageTools): S3ClientConfig => {
  const region = settings.region ?? (settings.endpoint === undefined ? undefined : 'us-east-1')
  return {
    maxAttempts,
    forcePathStyle: settings.pathStyle ?? false,
    requestHandler: { connectionTimeout: connectTimeoutMs, requestTimeout: requestTimeoutMs },
    // Stores other than AWS often refuse the checksum trailers that are the SDK's default.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(region === undefined ? {} : { region }),
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
    ...(settings.credentials === undefined
      ? {}
      : { credentials: createCredentials(settings.credentials, tools) }),
  }
}

export const openS3 = async (settings: S3Settings, tools: StorageTools): Promise<OpenS3> => {
  const sdk = await import('@aws-sdk/client-s3')
  return { sdk, client: new sdk.S3Client(clientConfig(settings, tools)) }
}
