/** Table properties: reserved names, defaults of a new table, and the ones that commits read as numbers. */
import { illegal, invalid } from './errors.ts'
import { formatSchema, type Schema } from './schema.ts'

export type Properties = Readonly<Record<string, string>>

/** Consumed by the catalog and never stored (reference: `TableProperties`). */
const reserved: ReadonlySet<string> = new Set([
  'format-version',
  'uuid',
  'snapshot-count',
  'current-snapshot-id',
  'current-snapshot-summary',
  'current-snapshot-timestamp-ms',
  'current-schema',
  'default-partition-spec',
  'default-sort-order',
])

const compressionKey = 'write.parquet.compression-codec'
const encryptionKeys = ['encryption.key-id', 'encryption.data-key-length']
const columnMetricsPrefix = 'write.metadata.metrics.column.'
const commitKeys = [
  'commit.retry.num-retries',
  'commit.retry.min-wait-ms',
  'commit.retry.max-wait-ms',
  'commit.retry.total-timeout-ms',
]

/** The properties that are stored: all but the reserved ones. */
export const withoutReserved = (properties: Properties): Properties => {
  const kept: Record<string, string> = Object.create(null)
  for (const key of Object.keys(properties)) if (!reserved.has(key)) kept[key] = properties[key] as string
  return kept
}

/** What a new table stores: defaults that apply to new tables only, then what was asked for. */
export const newTableProperties = (requested: Properties): Properties =>
  Object.assign(Object.create(null), { [compressionKey]: 'zstd' }, withoutReserved(requested))

const asInteger = (text: string): number | undefined => {
  if (!/^[+-]?\d{1,10}$/.test(text)) return undefined
  const value = Number(text)
  return (value | 0) === value ? value : undefined
}

/** A property as a 32-bit integer, `fallback` where it is not set; 400 when it is no integer. */
export const integerProperty = (properties: Properties, key: string, fallback: number): number => {
  const text = properties[key]
  if (text === undefined) return fallback
  const value = asInteger(text)
  if (value === undefined) throw invalid(`Table property ${key} must have integer value`)
  return value
}

const checkColumnMetrics = (properties: Properties, schema: Schema): void => {
  for (const key of Object.keys(properties)) {
    if (!key.startsWith(columnMetricsPrefix)) continue
    const column = key.slice(columnMetricsPrefix.length)
    if (schema.index.find(column) === undefined)
      throw invalid(
        `Invalid metrics config, could not find column ${column} from table prop ${key} in schema ${formatSchema(schema)}`,
      )
  }
}

/** Checks that only a new table meets, so that they break no existing one. */
export const checkNewTableProperties = (
  properties: Properties,
  schema: Schema,
  formatVersion: number,
): void => {
  checkColumnMetrics(properties, schema)
  for (const key of commitKeys)
    if (integerProperty(properties, key, 0) < 0)
      throw invalid(`Table property ${key} must have non negative integer value`)
  const encryption = formatVersion >= 3 ? [] : encryptionKeys.filter((key) => properties[key] !== undefined)
  if (encryption.length > 0)
    throw illegal(`Invalid properties for v${formatVersion}: [${encryption.join(', ')}]`)
}
