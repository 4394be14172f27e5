/** The management face over a real store, with whoever the bearer token names: `Bearer oidc~alice`. */

import type { Authenticator } from '#authn/authenticator.ts'
import { createEveryRight } from '#authz/rights.ts'
import type { Standing } from '#authz/standing.ts'
import { createManagementOperations } from '#gateway/operations/management/management.ts'
import { createStorePeople } from '#gateway/operations/management/store-people.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import { managementEndpoints } from '#http/management/endpoints.ts'
import type { Principal } from '#model/access.ts'
import type { EventDraft } from '#model/event.ts'
import { registerUser } from '#store/admissions.ts'
import type { Database } from '#store/database.ts'
import { createIdempotencyLedger } from '#store/idempotency.ts'
import { insertProject } from '#store/projects.ts'
import { createSealing } from '#store/sealing.ts'
import { loadStanding } from '#store/standings.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'
import { createMemoryAudit } from './memory-audit.ts'
import { type MemoryGateway, startMemoryGateway } from './memory-gateway.ts'
import { createMemoryProjects } from './memory-projects.ts'
import { createMemoryRegistry } from './memory-registry.ts'
import { createMemoryRoles } from './memory-roles.ts'
import { createMemorySigningKeys } from './memory-signing-keys.ts'
import { createUngranted } from './policy/authorizer.ts'

export interface PeopleGateway extends AsyncDisposable {
  readonly gateway: MemoryGateway
  readonly db: TestDatabase
  readonly told: readonly EventDraft[]
  ask(line: string, asked?: PeopleAsked): Promise<PeopleAnswer>
}

interface PeopleAsked {
  /** The id of whoever asks; `oidc~admin` by default, who administers the server. */
  readonly as?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface PeopleAnswer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  readonly json: unknown
}

const named: Authenticator = {
  authenticate: ({ authorization = '' }) => ({ kind: 'user', id: authorization.slice('Bearer '.length) }),
}

const admins = ['oidc~admin', 'oidc~deputy']
const members = ['oidc~member']

const prepare = async ({ database }: TestDatabase): Promise<void> => {
  for (const id of ['default', 'other'])
    await database.transaction((tx) => insertProject(tx, { id, name: id }))
  for (const id of [...admins, ...members])
    await registerUser(database, { id, name: `${id.slice(5)}`, email: null, userType: 'human' })
  await database.execute('update principal set server_admin = true where id = any($1::text[])', [admins])
  await database.execute(
    `insert into project_member (project_id, member_kind, member_id)
     select 'default', 'principal', unnest($1::text[])`,
    [members],
  )
}

const standingOf = async (database: Database, principal: Principal): Promise<Standing> => {
  const { serverAdmin, projects, roles } = await loadStanding(database, principal)
  return { serverAdmin, projects: new Set(projects), roles: new Set(roles) }
}

/** `oidc~admin` and `oidc~deputy` administer; `oidc~member` is in the project `default`, nobody in `other`. */
export const openPeopleGateway = async (): Promise<PeopleGateway> => {
  const db = await openTestDatabase({ kind: 'embedded' })
  const { database } = db
  await prepare(db)
  const told: EventDraft[] = []
  const changed = async (event: EventDraft): Promise<void> => {
    told.push(event)
  }
  const operations = createManagementOperations({
    registry: createMemoryRegistry('default'),
    projects: { ...createMemoryProjects(), knows: (id) => ['default', 'other'].includes(id) },
    roles: createMemoryRoles(),
    signingKeys: createMemorySigningKeys(),
    audit: createMemoryAudit(),
    people: createStorePeople({ database, changed, report: () => {} }),
    pageTokens: createPageTokens(Buffer.alloc(32)),
    ...{ projectId: 'default', server: { id: '0190a1b2-0000-7000-8000-00000000000f', version: '1' } },
    connectors: new Map(),
    checkStorage: async () => {},
    sealing: createSealing({ key: Buffer.alloc(32), fingerprint: 'f' }),
    checkMount: async () => {},
    rights: createEveryRight(),
  })
  const gateway = await startMemoryGateway({
    authenticator: named,
    ledger: createIdempotencyLedger(database),
    authorizer: createUngranted({
      standings: { of: (principal) => standingOf(database, principal) },
      projectOf: () => undefined,
    }),
    faces: [{ base: '/management', endpoints: managementEndpoints(operations) }],
  })
  const ask = async (line: string, { as = 'oidc~admin', body, headers }: PeopleAsked = {}) => {
    const [method = 'GET', path = ''] = line.split(' ')
    const sent = { authorization: `Bearer ${as}`, ...headers }
    const answer = await fetch(`${gateway.origin}/management/v1${path}`, {
      method,
      headers: body === undefined ? sent : { ...sent, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const json: unknown = text === '' ? undefined : JSON.parse(text)
    return { status: answer.status, headers: answer.headers, text, json }
  }
  const close = async (): Promise<void> => {
    await gateway.stop()
    await db[Symbol.asyncDispose]()
  }
  return { gateway, db, told, ask, [Symbol.asyncDispose]: close }
}
