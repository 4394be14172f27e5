/** Where a warehouse's data lives, as configured. Secrets are references (`env:NAME`, `file:/path`), never values. */

export interface StorageProfile {
  /** The warehouse's own location: `file:` or `s3:`. */
  readonly location: string
  /** Further places that the warehouse's tables and metadata files may lie in. */
  readonly allowedLocations: readonly string[]
  /** For every S3 location above. Absent: the SDK's own search for region and credentials. */
  readonly s3?: S3Settings
}

export interface S3Settings {
  /** Absent: AWS. */
  readonly endpoint?: string
  /** Absent: `us-east-1` beside an endpoint, else the SDK's own search. */
  readonly region?: string
  /** `https://endpoint/bucket/key` rather than `https://bucket.endpoint/key`. */
  readonly pathStyle?: boolean
  readonly credentials?: S3CredentialReferences
}

export interface S3CredentialReferences {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** All that the room may use of the world beside the stores themselves. */
export interface StorageTools {
  /** The value behind a reference. Asked again every few minutes, so that a rotated secret is taken up. */
  readonly secret: (reference: string) => Promise<string>
  readonly now: () => number
}
