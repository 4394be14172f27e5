/** The import table: who may import whom. `docs/architecture.md` shows the same rows and is checked against them. */

export interface Room {
  readonly name: string
  readonly purpose: string
  readonly mayImport: readonly string[]
  /** How the documents say it, where a list would be long. */
  readonly said?: string
}

export const rooms: readonly Room[] = [
  {
    name: 'model',
    purpose: 'the nouns: identifiers, principals, resources, events, errors, the JSON codec',
    mayImport: [],
    said: 'nothing',
  },
  {
    name: 'iceberg',
    purpose: 'the specification: metadata builder, requirements, updates; pure',
    mayImport: ['model'],
  },
  {
    name: 'catalog',
    purpose: 'the port: what a catalog and a connector are, the mount table, the pointer-commit loop',
    mayImport: ['model', 'iceberg'],
  },
  { name: 'authn', purpose: 'who is asking', mayImport: ['model'] },
  { name: 'authz', purpose: 'may they', mayImport: ['model'] },
  {
    name: 'storage',
    purpose: 'object stores: read, write, delete and list files',
    mayImport: ['model'],
  },
  {
    name: 'store',
    purpose: 'Postgres: tables, queries, transactions, the outbox, schema changes',
    mayImport: ['model'],
  },
  {
    name: 'cache',
    purpose: 'what replicas share and may lose at any time: Redis',
    mayImport: ['model'],
  },
  {
    name: 'local',
    purpose: 'our own catalog on the store',
    mayImport: ['model', 'iceberg', 'catalog', 'store'],
  },
  {
    name: 'connectors/*',
    purpose: 'one folder an upstream',
    mayImport: ['model', 'iceberg', 'catalog'],
  },
  { name: 'events', purpose: 'relays the outbox', mayImport: ['model', 'store'] },
  {
    name: 'gateway',
    purpose: 'the one way in: the pipeline, and the list of operations',
    mayImport: ['model', 'iceberg', 'catalog', 'authn', 'authz', 'storage', 'store', 'cache', 'events'],
    said: 'all above except local, connectors',
  },
  {
    name: 'http',
    purpose: 'faces: iceberg, management, provisioning, health; the one error renderer',
    mayImport: ['model', 'iceberg', 'gateway'],
  },
  { name: 'cli', purpose: 'a client of the management API', mayImport: ['model'] },
  {
    name: 'main.ts',
    purpose: 'the only place that builds things',
    mayImport: [
      'model',
      'iceberg',
      'catalog',
      'authn',
      'authz',
      'storage',
      'store',
      'cache',
      'local',
      'connectors/*',
      'events',
      'gateway',
      'http',
      'cli',
    ],
    said: 'everything',
  },
]

export const saidOf = (room: Room): string => room.said ?? room.mayImport.join(', ')

/**
 * The room of a source file: its folder in src, `connectors/*` for every connector, and `main.ts` for the
 * files in the root of src (configuration and telemetry are main's own, so only main reaches them).
 */
export const roomOf = (path: string): string | undefined => {
  const [top, second, third] = path.split('/')
  if (top === 'connectors') return 'connectors/*'
  if (top !== 'src' || second === undefined) return undefined
  return third === undefined ? 'main.ts' : second
}
