/** Objects by name: what the list of their kind says is looked through; what looks like an id is taken as it is. */
import type { Kind } from './command.ts'
import { CommandError, exitCodes, usageError } from './exit.ts'
import type { Send, Wire } from './management-client.ts'

interface Listing {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly list: string
  readonly id: string
  /** Members that name it. */
  readonly names: readonly string[]
}

const listings: Readonly<Record<Exclude<Kind, 'user' | 'member' | 'key' | 'mount'>, Listing>> = {
  project: {
    path: '/project-list',
    list: 'projects',
    id: 'project-id',
    names: ['project-name', 'project-id'],
  },
  role: { path: '/role', list: 'roles', id: 'id', names: ['name', 'ident'] },
  'service-account': { path: '/service-account', list: 'service-accounts', id: 'id', names: ['name'] },
  warehouse: {
    path: '/warehouse',
    query: { warehouseStatus: 'any' },
    list: 'warehouses',
    id: 'warehouse-id',
    names: ['name'],
  },
  connection: { path: '/connection', list: 'connections', id: 'connection-id', names: ['name'] },
  tag: { path: '/tag-definition', list: 'tag-definitions', id: 'id', names: ['name'] },
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** `provider~subject` of users and service accounts. */
const isId = (text: string): boolean => uuid.test(text) || text.includes('~')

/** Every page of a list, as one answer. */
export const readAllPages = async (
  send: Send,
  path: string,
  { query, list }: { readonly query: URLSearchParams; readonly list: string },
): Promise<Wire> => {
  const items: unknown[] = []
  const asked = new URLSearchParams(query)
  for (;;) {
    const { text } = await send({ method: 'GET', path, query: asked })
    const page = JSON.parse(text) as Wire
    const { 'next-page-token': next, [list]: some, ...more } = page
    if (!Array.isArray(some)) return page
    items.push(...some)
    if (typeof next !== 'string' || next === '') return { ...more, [list]: items }
    asked.set('pageToken', next)
  }
}

const pick = (kind: string, name: string, found: readonly string[]): string => {
  const [id, ...others] = found
  if (id === undefined) throw new CommandError(`There is no ${kind} ${name}`, exitCodes.missing)
  if (others.length > 0)
    throw new CommandError(
      `${found.length} have the name ${name}; name the ${kind} by id: ${found.join(', ')}`,
      exitCodes.conflict,
    )
  return id
}

const isCalled = (row: Wire, members: readonly string[], name: string): boolean =>
  members.some((member) => String(row[member] ?? '').toLowerCase() === name.toLowerCase())

const lookUp = async (send: Send, kind: keyof typeof listings, name: string): Promise<string> => {
  const { path, query, list, id, names } = listings[kind]
  const whole = { query: new URLSearchParams(query), list }
  const { [list]: rows } = await readAllPages(send, `/management/v1${path}`, whole)
  const found = (rows as readonly Wire[]).filter((row) => isCalled(row, names, name))
  return pick(kind, name, [...new Set(found.map((row) => String(row[id])))])
}

/** The id of a project by id or name; what the caller does not see is left to the server to refuse. */
export const findProject = async (send: Send, name: string): Promise<string> => {
  if (uuid.test(name)) return name
  const { path, list } = listings.project
  const whole = { query: new URLSearchParams(), list }
  const { [list]: rows } = await readAllPages(send, `/management/v1${path}`, whole)
  const seen = rows as readonly Wire[]
  const found =
    seen.find((row) => row['project-id'] === name) ??
    seen.find((row) => isCalled(row, ['project-name'], name))
  return found === undefined ? name : String(found['project-id'])
}

/** A server has more users than fit into a list: they are searched for. */
const lookUpUser = async (send: Send, name: string): Promise<string> => {
  const { text } = await send({ method: 'POST', path: '/management/v1/search/user', body: { search: name } })
  const { users } = JSON.parse(text) as { readonly users: readonly Wire[] }
  const found = users.filter((row) => isCalled(row, ['name', 'email'], name))
  return pick(
    'user',
    name,
    found.map((row) => String(row['id'])),
  )
}

/** `user:oidc~alice`, `role:analysts`, `service-account:etl`; a bare id of a user needs no word before it. */
export const findMember = async (send: Send, text: string): Promise<Wire> => {
  const [, type, name = ''] = /^(user|role|service-account):(.+)$/s.exec(text) ?? []
  if (type === undefined) {
    if (text.includes('~')) return { type: 'user', id: text }
    throw usageError(`${text} is no member: say user:ID, role:NAME or service-account:NAME`)
  }
  const id = await findId(send, type as 'user' | 'role' | 'service-account', name)
  return { type: type === 'role' ? 'role' : 'user', id }
}

const findIn = async (
  send: Send,
  place: { readonly path: string; readonly list: string; readonly id: string; readonly kind: string },
  fits: { readonly name: string; readonly test: (row: Wire) => boolean },
): Promise<string> => {
  const { path, list, id, kind } = place
  const { [list]: rows } = await readAllPages(send, path, { query: new URLSearchParams(), list })
  return pick(
    kind,
    fits.name,
    (rows as readonly Wire[]).filter(fits.test).map((row) => String(row[id])),
  )
}

const findMount = (send: Send, warehouse: string, name: string): Promise<string> =>
  findIn(
    send,
    { path: `/management/v1/warehouse/${warehouse}/mount`, list: 'mounts', id: 'mount-id', kind: 'mount' },
    {
      name,
      test: ({ namespace }) => Array.isArray(namespace) && namespace.join('/') === (name === '.' ? '' : name),
    },
  )

const findKey = (send: Send, account: string, name: string): Promise<string> =>
  findIn(
    send,
    {
      path: `/management/v1/service-account/${encodeURIComponent(account)}/key`,
      list: 'keys',
      id: 'id',
      kind: 'key',
    },
    { name, test: (row) => row['name'] === name },
  )

export const findId = async (
  send: Send,
  kind: keyof typeof listings | 'user',
  name: string,
): Promise<string> => {
  if (kind !== 'project' && isId(name)) return name
  return kind === 'user' ? lookUpUser(send, name) : lookUp(send, kind, name)
}

/** The id behind a name; `owner` is the id of what it lies in. A member becomes the object that names it. */
export const resolveName = async (
  send: Send,
  { kind, text, owner }: { readonly kind: Kind; readonly text: string; readonly owner: string | undefined },
): Promise<string | Wire> => {
  if (kind === 'member') return findMember(send, text)
  if (kind === 'mount') return uuid.test(text) ? text : findMount(send, owner ?? '', text)
  if (kind === 'key') return uuid.test(text) ? text : findKey(send, owner ?? '', text)
  return findId(send, kind, text)
}
