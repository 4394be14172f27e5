/** Roles as their users meet them: a gateway before a real identity provider, two projects, and those in neither. */
import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { startGateway } from './gateway.ts'
import { startIdentityProvider } from './identity-provider.ts'

export interface Reply {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly text: string
  readonly tag: string | null
}

export interface Ask {
  readonly as: string
  readonly project?: string
  readonly role?: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

export const typeOf = ({ status, body }: Reply): readonly unknown[] => [
  status,
  (body['error'] as { type?: unknown } | undefined)?.type,
]

/** A member of the project `east`. */
export const eve = { as: 'eve', project: 'east' }

const clientOf = (id: string, groups: readonly string[] = []) => ({
  id,
  secret: `secret-of-${id}`,
  claims: { groups },
})

const startParts = async (parts: AsyncDisposableStack) => {
  const people = ['admin', 'eve', 'wes', 'bob', 'cleo', 'max'].map((id) => clientOf(id))
  const clients = [...people, clientOf('ann', ['analysts', 'everybody'])]
  const provider = parts.adopt(await startIdentityProvider({ clients }), (one) => one.stop())
  const oidc = [{ uri: provider.issuer, audience: ['lakegate'], 'roles-claim': 'groups' }]
  const started = await startGateway({
    server: { auth: { oidc }, egress: { allow: ['127.0.0.0/8'] } },
    state: {},
  })
  const gateway = parts.adopt(started, (one) => one.discard())
  return { provider, gateway }
}

/** Lines are left to whoever asked for them. */
const objectOf = ({ headers }: Response, text: string): Record<string, unknown> =>
  text !== '' && headers.get('content-type') === 'application/json' ? JSON.parse(text) : {}

const createCall =
  ({ provider, gateway }: Awaited<ReturnType<typeof startParts>>) =>
  async (line: string, { as, project, role, body, headers }: Ask): Promise<Reply> => {
    const [method = '', path = ''] = line.split(' ')
    const base = path.startsWith('/catalog/') ? '' : '/management/v1'
    const answer = await fetch(`${gateway.origin}${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await provider.token(as)}`,
        ...(project === undefined ? {} : { 'x-project-id': project }),
        ...(role === undefined ? {} : { 'x-assume-role': role }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: objectOf(answer, text), text, tag: answer.headers.get('etag') }
  }

type Call = ReturnType<typeof createCall>

/** `eve` is in `east`, `wes` and `max` in `west`; the others have been seen, and are nowhere. */
const settle = async (call: Call): Promise<void> => {
  const boot = await call('POST /bootstrap', { as: 'admin', body: { 'accept-terms-of-use': true } })
  expect(boot.status, boot.text).toBe(204)
  for (const as of ['eve', 'wes', 'max', 'bob', 'cleo', 'ann']) await call('GET /whoami', { as })
  for (const [project, ...names] of [
    ['east', 'eve'],
    ['west', 'wes', 'max'],
  ]) {
    const members = names.map((name) => ({ type: 'user', id: `oidc~${name}` }))
    await call('POST /project', { as: 'admin', body: { 'project-name': project, 'project-id': project } })
    const joined = await call(`POST /project/${project}/members`, { as: 'admin', body: { members } })
    expect(joined.status, joined.text).toBe(200)
  }
}

const createDeeds = (call: Call) => {
  const makeRole = async (more: object = {}, ask: Ask = eve): Promise<string> => {
    const made = await call('POST /role', { ...ask, body: { name: `role ${randomUUID()}`, ...more } })
    expect(made.status, made.text).toBe(201)
    return String(made.body['id'])
  }
  const idsIn = async (path: string, key: 'members' | 'roles', ask: Ask = eve): Promise<unknown> => {
    const { status, body, text } = await call(`GET ${path}`, ask)
    expect(status, text).toBe(200)
    return (body[key] as { id: string }[]).map(({ id }) => id)
  }
  return {
    makeRole,
    idsIn,
    put: (role: string, ...members: readonly object[]): Promise<Reply> =>
      call(`POST /role/${role}/members`, { ...eve, body: { members } }),
    /** Who is in a project sees its warehouses; to others it is not there. */
    sees: async (ask: Ask): Promise<boolean> => (await call('GET /warehouse', ask)).status === 200,
  }
}

export const openTenants = async () => {
  await using parts = new AsyncDisposableStack()
  const started = await startParts(parts)
  const call = createCall(started)
  await settle(call)
  const opened = parts.move()
  const { gateway, provider } = started
  return {
    ...{ call, gateway, ...createDeeds(call) },
    token: (name: string): Promise<string> => provider.token(name),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export type Tenants = Awaited<ReturnType<typeof openTenants>>
