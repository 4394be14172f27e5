/** What may be checked, in Lakekeeper's JSON: an action on one object, named by its id or by its name. */
import { type Static, Type } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import type { Namespace } from '#model/identifier.ts'
import type { ObjectType } from '#model/object-key.ts'
import { type CheckedCommit, commitIn, commitMembers } from './checked-commits.ts'
import type { UserOrRole } from './wire-relations.ts'

const word = Type.String({ maxLength: 64 })
/** Older clients say the word alone; what else is said about the action is passed over, but for a commit's updates. */
const action = Type.Union([word, Type.Object({ action: word }, { additionalProperties: true })])
const actionOnContent = Type.Union([
  word,
  Type.Object({ action: word, ...commitMembers }, { additionalProperties: true }),
])
const id = Type.Optional(Type.Union([Type.String({ maxLength: 128 }), Type.Null()]))
const levels = Type.Optional(Type.Array(Type.String(), { maxItems: 64 }))
const closed = { additionalProperties: false } as const
const inWarehouse = { action, 'warehouse-id': Type.String({ maxLength: 64 }) }
const content = Type.Object(
  {
    ...{ ...inWarehouse, action: actionOnContent },
    ...{ 'table-id': id, 'view-id': id, namespace: levels },
    ...{ table: Type.Optional(Type.String()), view: Type.Optional(Type.String()) },
  },
  closed,
)

const operationSchema = Type.Object(
  {
    server: Type.Optional(Type.Object({ action }, closed)),
    project: Type.Optional(Type.Object({ action, 'project-id': id }, closed)),
    warehouse: Type.Optional(Type.Object(inWarehouse, closed)),
    namespace: Type.Optional(Type.Object({ ...inWarehouse, 'namespace-id': id, namespace: levels }, closed)),
    table: Type.Optional(content),
    view: Type.Optional(content),
    'generic-table': Type.Optional(Type.Object({}, { additionalProperties: true })),
  },
  closed,
)

const identity = Type.Optional(
  Type.Union([
    Type.Object(
      {
        user: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
        role: Type.Optional(Type.String({ maxLength: 64 })),
      },
      closed,
    ),
    Type.Null(),
  ]),
)

export const checkSchema = Type.Object({ identity, operation: operationSchema }, closed)

export const batchCheckSchema = Type.Object(
  {
    checks: Type.Array(Type.Object({ id, identity, operation: operationSchema }, closed), {
      maxItems: 1_000,
    }),
    'error-on-not-found': Type.Optional(Type.Boolean()),
  },
  closed,
)

type CheckOperation = Static<typeof operationSchema>
export type CheckItem = Static<typeof batchCheckSchema>['checks'][number]

interface NamedContent {
  readonly namespace: Namespace
  /** Of a table or view. */
  readonly name?: string
}

/** One check as it was asked. `id` or `named` where the object lies in a warehouse. */
export interface Checked {
  readonly type: ObjectType | 'generic-table'
  readonly word: string
  readonly identity?: UserOrRole
  readonly project?: string
  readonly warehouse?: string
  readonly id?: string
  readonly named?: NamedContent
  /** What a commit would do, where it is said. */
  readonly commit?: CheckedCommit
}

const wordOf = (said: Static<typeof action>): string => (typeof said === 'string' ? said : said.action)

const perhaps = <K extends string>(name: K, value: string | null | undefined) =>
  (value == null ? {} : { [name]: value }) as { readonly [P in K]?: string }

const namedIn = (
  namespace: Namespace | undefined,
  name: string | undefined,
): { readonly named?: NamedContent } =>
  namespace === undefined ? {} : { named: { namespace, ...perhaps('name', name) } }

const commitOf = (said: Static<typeof actionOnContent>): Pick<Checked, 'commit'> => {
  const commit = typeof said === 'string' || said.action !== 'commit' ? undefined : commitIn(said)
  return commit === undefined ? {} : { commit }
}

const contentOf = (type: 'table' | 'view', said: Static<typeof content>): Checked => ({
  ...{ type, word: wordOf(said.action), warehouse: said['warehouse-id'] },
  ...perhaps('id', (said['table-id'] ?? said['view-id'])?.toLowerCase()),
  ...namedIn(said.namespace, said.table ?? said.view),
  ...commitOf(said.action),
})

const objectOf = (operation: CheckOperation): Checked => {
  const { server, project, warehouse, namespace, table, view } = operation
  if (server) return { type: 'server', word: wordOf(server.action) }
  if (project)
    return { type: 'project', word: wordOf(project.action), ...perhaps('project', project['project-id']) }
  if (warehouse)
    return { type: 'warehouse', word: wordOf(warehouse.action), warehouse: warehouse['warehouse-id'] }
  if (namespace)
    return {
      ...{ type: 'namespace', word: wordOf(namespace.action), warehouse: namespace['warehouse-id'] },
      ...perhaps('id', namespace['namespace-id']?.toLowerCase()),
      ...namedIn(namespace.namespace, undefined),
    }
  if (table) return contentOf('table', table)
  return view ? contentOf('view', view) : { type: 'generic-table', word: '' }
}

/** BadRequest unless exactly one object is named. */
export const checkedOf = ({ identity: about, operation }: Omit<CheckItem, 'id'>): Checked => {
  if (Object.keys(operation).length !== 1)
    throw new CatalogError('BadRequestException', 'Invalid operation: exactly one object must be named')
  const checked = objectOf(operation)
  return about == null ? checked : { ...checked, identity: about }
}
