/** What is granted on must be there, and stay until the grant is written. */
import { CatalogError } from '#model/errors.ts'
import { formatNamespace, type Namespace, namespaceKey } from '#model/identifier.ts'
import { type Statement, statement, type Transaction } from './database.ts'
import { findNamespaces } from './entries.ts'
import { findLine } from './entries-lines.ts'
import { lock, namespaceLock } from './entries-write.ts'
import type { GrantPlace, GrantSubject } from './grants.ts'
import { storable } from './outbox.ts'
import { refuseAccounts } from './role-members.ts'
import { takeTurn } from './server.ts'

const gone = (): CatalogError => new CatalogError('NotFoundException', 'The object is no longer there')

const holdProject = statement('select 1 from project where id = $1 for key share')
const holdWarehouse = statement('select 1 from warehouse where id = $1::uuid for key share')
const holdConnection = statement('select 1 from connection where id = $1::uuid for key share')
const holdRole = statement('select 1 from role where id = $1::uuid for key share')
const holdTag = statement('select 1 from tag_definition where id = $1::uuid for key share')
const holdContent = statement(
  'select 1 from entry_head where content_id = $1::uuid and pointer is not null for share',
)

const holdMount = statement(`
  select 1 from mount where warehouse_id = $1::uuid
    and (namespace = '' or namespace = $2 or starts_with($2, namespace || chr(31))) for key share`)

const holders: Readonly<Record<string, Statement>> = {
  project: holdProject,
  warehouse: holdWarehouse,
  connection: holdConnection,
  tag: holdTag,
  role: holdRole,
  table: holdContent,
  view: holdContent,
}

/** Shared on the namespace and on those above: whoever drops one waits, and then takes the grant away with it. */
const holdNamespace = async (tx: Transaction, warehouseId: string, namespace: Namespace): Promise<void> => {
  const line = await findLine(tx, warehouseId, 'main')
  if (line === undefined) throw gone()
  const levels = namespace.map((_, depth) => namespace.slice(0, depth + 1))
  await lock(
    tx,
    levels.map((level) => namespaceLock(line, namespaceKey(level), false)),
  )
  const name = { ns: namespaceKey(namespace.slice(0, -1)), name: namespace.at(-1) ?? '' }
  const [state] = await findNamespaces(tx, line, [name])
  if (state === undefined)
    throw new CatalogError(
      'NoSuchNamespaceException',
      `Namespace does not exist: ${formatNamespace(namespace)}`,
    )
}

/** False where no mount leads to it any more; one that does stays. After `takeTurn`. */
export const holdMounted = async (
  tx: Transaction,
  { warehouseId, namespace = [] }: Pick<GrantPlace, 'warehouseId' | 'namespace'>,
): Promise<boolean> => (await tx.query(holdMount, [warehouseId, namespaceKey(namespace)])).length > 0

/**
 * NotFound, or NoSuchNamespace, where it has gone meanwhile. What is mounted is looked for at its upstream, before: here
 * it still has to be mounted. The locks are taken in the order of all others: names of content, the server's row, rows of a project.
 */
export const holdPlace = async (
  tx: Transaction,
  { object, warehouseId, namespace }: GrantPlace,
  mounted: boolean,
): Promise<void> => {
  const named = namespace !== undefined && warehouseId !== undefined
  if (named && !mounted) await holdNamespace(tx, warehouseId, namespace)
  await takeTurn(tx)
  if (named && mounted && !(await holdMounted(tx, { warehouseId, namespace }))) throw gone()
  if (named || mounted) return
  const [kind = '', id = ''] = object.split(':')
  const hold = holders[kind]
  if (hold !== undefined && (await tx.query(hold, [id])).length === 0) throw gone()
}

const selectUnknownPrincipal = statement(`
  select wanted.id from unnest($2::text[]) as wanted(id)
  where not exists (select 1 from principal p where p.id = wanted.id and p.deleted_at is null
    and (p.project_id is null or p.project_id = $1)) limit 1`)

/** Of the server any role may be known. */
const selectUnknownRole = statement(`
  select wanted.id::text from unnest($2::uuid[]) as wanted(id)
  where not exists (select 1 from role r where r.id = wanted.id and ($1::text is null or r.project_id = $1))
  limit 1`)

const idsOf = (subjects: readonly GrantSubject[], wanted: GrantSubject['kind']): readonly string[] =>
  subjects.filter(({ kind }) => kind === wanted).map(({ id }) => storable(id))

/**
 * NotFound for who is not known; what belongs to another project is as unknown. `project` null: of the server, where no
 * service account of a project counts, by itself or in a role: whoever makes a key of it would be it.
 */
export const checkSubjects = async (
  tx: Transaction,
  project: string | null,
  subjects: readonly GrantSubject[],
): Promise<void> => {
  const [user] = await tx.query<{ id: string }>(selectUnknownPrincipal, [
    project,
    idsOf(subjects, 'principal'),
  ])
  if (user !== undefined) throw new CatalogError('NotFoundException', `User does not exist: ${user.id}`)
  const roles = idsOf(subjects, 'role')
  const [role] = await tx.query<{ id: string }>(selectUnknownRole, [project, roles])
  if (role !== undefined) throw new CatalogError('NoSuchRoleException', `Role does not exist: ${role.id}`)
  if (project === null && roles.length > 0) await refuseAccounts(tx, { roles, principals: [] })
}
