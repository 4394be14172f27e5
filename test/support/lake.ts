/** Two gateways on one store, a lake that their administrator fills, and people who are granted parts of it. */
import { expect } from 'vitest'
import type { Gateway } from './gateway.ts'
import { adminToken, type IdentityReplicas, manage, startIdentityReplicas } from './identity-replicas.ts'
import { newTable } from './wire.ts'

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

export interface Asking {
  /** Nobody in particular: the token of the configuration, which may everything. */
  readonly as?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly at?: Gateway
}

export const json = <T>({ text }: Pick<Answer, 'text'>): T => JSON.parse(text) as T

export interface Lake extends AsyncDisposable {
  readonly here: Gateway
  readonly there: Gateway
  readonly replicas: IdentityReplicas
  readonly warehouse: string
  /** `line`: method and path below the warehouse's prefix; or a whole path. */
  ask(line: string, asking?: Asking): Promise<Answer>
  /** As the administrator; throws where it is refused. */
  make(line: string, body?: unknown): Promise<Answer>
  makeTable(namespace: readonly string[], name: string): Promise<void>
  /** An upstream REST catalog that asks for no credentials, at a level of its own; `config`: of its connection. */
  mount(level: string, config: Readonly<Record<string, unknown>>, connection?: string): Promise<void>
  /** What the permission API calls the object. */
  pathOf(object: {
    readonly kind: string
    readonly namespace: readonly string[]
    readonly name?: string
  }): Promise<string>
  /** `who`: one of the people, or `role:` and its id. */
  grant(path: string, relation: string, who: string): Promise<void>
  revoke(path: string, relation: string, who: string): Promise<void>
  /** Of the names in a listing. */
  names(line: string, asking: Asking): Promise<readonly string[]>
}

const send = async (
  url: string,
  method: string,
  { body, headers, token }: Asking & { readonly token: string },
): Promise<Answer> => {
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}

const nameOf = (item: unknown): string =>
  Array.isArray(item) ? item.join('.') : String((item as { readonly name?: unknown }).name)

/** Each of the people has been seen, and has nothing. `settings`: further keys of `server` of both. */
export const openLake = async (
  people: readonly string[],
  settings: object = {},
  variables: Readonly<Record<string, string>> = {},
): Promise<Lake> => {
  await using parts = new AsyncDisposableStack()
  const clients = people.map((id) => ({ id, secret: `secret-of-${id}` }))
  const replicas = parts.use(await startIdentityReplicas(clients, settings, variables))
  const [here, there] = replicas.gateways
  const made = await manage(here, 'POST /warehouse', {
    body: {
      'warehouse-name': 'lake',
      'storage-profile': { type: 'file', location: `file://${here.folder}/lake` },
    },
  })
  expect(made.status, made.text).toBe(201)
  const warehouse = json<{ id: string }>(made).id
  const tokenOf = async (as: string | undefined): Promise<string> =>
    as === undefined ? adminToken : replicas.provider.token(as)
  const ask: Lake['ask'] = async (line, asking = {}) => {
    const [method = 'GET', path = ''] = line.split(' ')
    const { as, at = here } = asking
    const whole = /^\/(catalog|management)\//.test(path)
    const url = at.origin + (whole ? path : `/catalog/v1/${warehouse}${path}`)
    return send(url, method, { ...asking, token: await tokenOf(as) })
  }
  for (const as of people) await ask('GET /management/v1/whoami', { as })
  const make: Lake['make'] = async (line, body) => {
    const answer = await ask(line, body === undefined ? {} : { body })
    expect(answer.status, `${line}: ${answer.text}`).toBeLessThan(300)
    return answer
  }
  const assign = (path: string, what: 'writes' | 'deletes', one: object) =>
    make(`POST /management/v1/permissions/${path}/assignments`, { [what]: [one] })
  const holder = (who: string) =>
    who.startsWith('role:') ? { role: who.slice('role:'.length) } : { user: `oidc~${who}` }
  const opened = parts.move()
  return {
    ...{ here, there, replicas, warehouse, ask, make },
    makeTable: async (namespace, name) => {
      await make(`POST /namespaces/${encodeURIComponent(namespace.join('\u001f'))}/tables`, newTable(name))
    },
    mount: async (level, config, connection = level) => {
      const made = await make('POST /management/v1/connection', {
        ...{ 'connection-name': connection, kind: 'iceberg-rest' },
        config: { auth: { kind: 'none' }, ...config },
      })
      const { 'connection-id': id } = json<{ 'connection-id': string }>(made)
      await make(`POST /management/v1/warehouse/${warehouse}/mount`, {
        ...{ namespace: [level], 'connection-id': id },
      })
    },
    pathOf: async (object) => {
      const { id } = json<{ id: string }>(
        await make(`POST /management/v1/warehouse/${warehouse}/objects`, object),
      )
      return object.kind === 'namespace' ? `namespace/${id}` : `warehouse/${warehouse}/${object.kind}/${id}`
    },
    grant: async (path, type, who) => {
      await assign(path, 'writes', { type, ...holder(who) })
    },
    revoke: async (path, type, who) => {
      await assign(path, 'deletes', { type, ...holder(who) })
    },
    names: async (line, asking) => {
      const answer = await ask(line, asking)
      expect(answer.status, answer.text).toBe(200)
      const { identifiers, namespaces } = json<Record<string, readonly unknown[]>>(answer)
      return (identifiers ?? namespaces ?? []).map(nameOf)
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
