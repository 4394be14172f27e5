/** What a catalog's `config` may carry to a client: where and how to reach storage, never with what right. */

/**
 * Only these keys pass. Tokens, credentials, signers, refresh endpoints, `uri`, `prefix`, `header.*` and class
 * names (`io-impl`) would hand the client to whoever answers upstream.
 */
const allowed: ReadonlySet<string> = new Set([
  'client.region',
  's3.region',
  's3.endpoint',
  's3.path-style-access',
  's3.cross-region-access-enabled',
  's3.force-virtual-addressing',
  's3.use-arn-region-enabled',
  's3.acceleration-enabled',
  's3.dualstack-enabled',
  's3.checksum-enabled',
  's3.delete-enabled',
  'gcs.project-id',
  'gcs.service.host',
  'gcs.default-bucket-location',
  'adls.account-name',
  'adls.account-host',
  'adls.blob-storage-authority',
  'adls.dfs-storage-authority',
])

const empty: Readonly<Record<string, string>> = Object.freeze({})

/** An endpoint may hide a password before its `@`. */
const carriesUserinfo = (value: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(value)

export const filterConfig = (config: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  let passed: Record<string, string> | undefined
  for (const key of Object.keys(config)) {
    const value = config[key]
    if (value === undefined || !allowed.has(key) || carriesUserinfo(value)) continue
    passed ??= {}
    passed[key] = value
  }
  return passed ?? empty
}
