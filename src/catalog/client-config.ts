/**
 * Which client configuration of a relayed load may reach a client: an allow-list of where the data lies, each
 * value in its own narrow form. Everything else an upstream asks to hand on may be a secret, or may send the
 * client elsewhere (tokens, `uri`, `prefix`, `header.*`, signers, refresh endpoints, class names).
 */

type Accepts = (value: string) => boolean

const isFlag: Accepts = (value) => value === 'true' || value === 'false'
const isName: Accepts = (value) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(value)

/** An address alone: user information, a query or a fragment may carry a credential. */
const isAddress: Accepts = (value) => {
  const url = value.length <= 2000 && /^https?:\/\//.test(value) ? URL.parse(value) : null
  return url !== null && url.username === '' && url.password === '' && !/[@?#\s]/.test(value)
}

const accepted: Readonly<Record<string, Accepts>> = {
  'client.region': isName,
  's3.region': isName,
  's3.endpoint': isAddress,
  's3.path-style-access': isFlag,
  's3.cross-region-access-enabled': isFlag,
  's3.use-arn-region-enabled': isFlag,
  's3.dualstack-enabled': isFlag,
  's3.acceleration-enabled': isFlag,
  's3.chunked-encoding-enabled': isFlag,
  's3.checksum-enabled': isFlag,
  's3.delete-enabled': isFlag,
  's3.force-virtual-addressing': isFlag,
  'gcs.project-id': isName,
  'gcs.service.host': isAddress,
  'adls.account-name': isName,
  'adls.account-host': isName,
  'gcs.default-bucket-location': isName,
  'adls.blob-storage-authority': isName,
  'adls.dfs-storage-authority': isName,
}

const nothing: Readonly<Record<string, string>> = Object.freeze({})

/** The part of an upstream's configuration (defaults, overrides and table config together) that is handed on. */
export const allowClientConfig = (
  config: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const kept = Object.entries(config).filter(
    ([key, value]) => Object.hasOwn(accepted, key) && accepted[key]?.(value) === true,
  )
  return kept.length === 0 ? nothing : Object.fromEntries(kept)
}
