/**
 * Every operation of every face, asked by those who may not before it is asked by one who may: what each is answered
 * follows from the needs that the operation has declared on record, and from the model by definition. An operation that
 * is not among the steps fails the test of the generated client.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Need } from '#model/access.ts'
import { apiDocument } from '../../support/api-document.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { steps } from '../../support/every-operation.ts'
import { type Gateway, runLakegate, startGateway } from '../../support/gateway.ts'
import { type Asker, answerTo, type Expected } from '../../support/matrix/expected.ts'
import { type Issuer, startIssuer } from '../../support/matrix/issuer.ts'
import type { StoredGrant } from '../../support/policy/naive.ts'
import type { Found, Step } from '../../support/step.ts'

const environment = { LAKEGATE_KEY: Buffer.alloc(32, 5).toString('base64') }

interface Face {
  readonly method: string
  readonly path: string
  readonly query: readonly string[]
  /** Without a token: answered to everybody, by the specification of each. */
  readonly open: boolean
}

const isOpenPath = (path: string): boolean =>
  /^\/(health|metrics)|\/\.well-known\/|\/oauth\/tokens$|\/jwks/.test(path)

const faces: ReadonlyMap<string, Face> = new Map(
  Object.entries(apiDocument.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const { operationId, parameters = [] } = operation as {
        readonly operationId: string
        readonly parameters?: readonly { readonly name: string; readonly in: string }[]
      }
      const query = parameters.filter((one) => one.in === 'query').map(({ name }) => name)
      return [operationId, { method: method.toUpperCase(), path, query, open: isOpenPath(path) }] as const
    }),
  ),
)

const spelled = (value: unknown): string => encodeURIComponent(String(value))

interface Sent {
  readonly id: string
  readonly token?: string | undefined
}

let db: TestDatabase
let issuer: Issuer
let gateway: Gateway
beforeAll(async () => {
  db = await openTestDatabase({ kind: 'embedded', schema: false })
  issuer = await startIssuer()
  await runLakegate(['migrate-schema'], { ...environment, LAKEGATE_DATABASE: db.url })
  const oidc = [{ uri: issuer.uri, audience: ['lakegate'] }]
  const server = {
    ...{ database: db.url, auth: { oidc }, egress: { allow: ['127.0.0.0/8'] } },
    // Every operation is asked by two who are nobody, as fast as it answers.
    limits: { 'refused-per-minute': 1_000_000 },
  }
  gateway = await startGateway({ env: environment, server, state: {} })
}, 120_000)
afterAll(async () => {
  await gateway?.discard()
  await issuer?.[Symbol.asyncDispose]()
  await db?.[Symbol.asyncDispose]()
})

const send = async ({ operation, args, body, headers }: Step, found: Found, { id, token }: Sent) => {
  const face = faces.get(operation)
  if (!face) throw new Error(`the API's document has no ${operation}`)
  const given = { ...args?.(found) }
  const path = face.path.replace(/\{(\w+)\}/g, (_, name: string) => spelled(given[name]))
  const query = face.query.filter((name) => given[name] !== undefined)
  const search = query.map((name) => `${name}=${spelled(given[name])}`).join('&')
  const form = operation === 'getToken'
  const content = body?.(found)
  const answer = await fetch(`${gateway.origin}${path}${search === '' ? '' : `?${search}`}`, {
    method: face.method,
    headers: {
      'x-request-id': id,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(content === undefined || form ? {} : { 'content-type': 'application/json' }),
      ...headers?.(found),
    },
    ...(content === undefined
      ? {}
      : { body: form ? new URLSearchParams(content as Record<string, string>) : JSON.stringify(content) }),
  })
  return { status: answer.status, text: await answer.text() }
}

const ask = (operation: string, token: string, more: Omit<Step, 'operation'>) =>
  send({ operation, ...more }, {}, { id: crypto.randomUUID(), token })

interface Persona {
  readonly name: string
  readonly token: string | undefined
  /** Undefined: nobody knows who it is. */
  readonly asker?: Asker
}

const serverIdOf = async (): Promise<string> =>
  (await db.database.query<{ id: string }>('select id::text as id from server'))[0]?.id ?? ''

const projectOfBoss = '00000000-0000-0000-0000-000000000000'

const readJson = <T>({ text }: { readonly text: string }): T => JSON.parse(text) as T

/** The boss administers and is in the project; `sibling` owns another warehouse in it. */
const settle = async (boss: string, lake: string): Promise<string> => {
  const token = (name: string) => issuer.token(name)
  await ask('bootstrap', boss, { body: () => ({ 'accept-terms-of-use': true }) })
  for (const name of ['nobody', 'sibling', 'member']) await ask('whoami', await token(name), {})
  const [project] = await db.database.query<{ id: string }>('select id from project')
  const id = project?.id ?? projectOfBoss
  const members = ['boss', 'member'].map((name) => ({ type: 'user', id: `oidc~${name}` }))
  const joined = await ask('addProjectMembers', boss, { args: () => ({ id }), body: () => ({ members }) })
  expect(joined.status, joined.text).toBe(200)
  const made = await ask('createWarehouse', boss, {
    body: () => ({
      'warehouse-name': 'beside',
      'storage-profile': { type: 'file', location: `file://${lake}-beside` },
    }),
  })
  expect(made.status, made.text).toBe(201)
  return readJson<{ id: string }>(made).id
}

const openPersonas = async (beside: string): Promise<readonly Persona[]> => {
  const server = await serverIdOf()
  const [row] = await db.database.query<{ project: string }>(
    'select project_id as project from warehouse where id = $1',
    [beside],
  )
  const project = row?.project ?? ''
  await db.database.execute(
    `insert into relation_tuple (object, relation, subject_kind, subject_id, project_id, warehouse_id, granted_by)
     values ('warehouse:' || $1, 'ownership', 'principal', 'oidc~sibling', $2, $1::uuid, 'test')`,
    [beside, project],
  )
  const askerOf = (name: string, projects: readonly string[], grants: readonly StoredGrant[]): Asker => ({
    ...{ id: `oidc~${name}`, projects: new Set(projects), serverAdmin: false, grants },
    tree: { server, projectOf: () => project },
    leadsTo: (object) => grants.length > 0 && [`warehouse:${beside}`, `project:${project}`].includes(object),
    forbids: () => false,
  })
  const own: StoredGrant = {
    ...{ object: `warehouse:${beside}`, relation: 'ownership', kind: 'principal', id: 'oidc~sibling' },
    expiresAt: null,
  }
  const past = Math.floor(Date.now() / 1000) - 7200
  return [
    { name: 'anonymous', token: undefined },
    { name: 'expired', token: await issuer.token('boss', { iat: past, exp: past + 60 }) },
    { name: 'wrong audience', token: await issuer.token('boss', { aud: 'another' }) },
    { name: 'nobody', token: await issuer.token('nobody'), asker: askerOf('nobody', [], []) },
    { name: 'sibling', token: await issuer.token('sibling'), asker: askerOf('sibling', [], [own]) },
    { name: 'member', token: await issuer.token('member'), asker: askerOf('member', [project], []) },
  ]
}

interface Asked {
  readonly persona: Persona
  readonly operation: string
  readonly id: string
  readonly status: number
  readonly text: string
}

const needsOnRecord = async (): Promise<
  ReadonlyMap<string, { needs: readonly Need[]; decision: string }>
> => {
  const rows = await db.database.query<{ id: string; decision: string; detail: string }>(
    "select request_id as id, decision, detail from audit_entry where kind = 'decision'",
  )
  return new Map(
    rows.map(({ id, decision, detail }) => [
      id,
      { decision, needs: (JSON.parse(detail) as { needs: readonly Need[] }).needs },
    ]),
  )
}

/**
 * Who may not be in the project is told so before the needs are known: they are on record of one who may. What is refused
 * to that one as well, before there are needs, is for trusted engines alone.
 */
const expectedOf = ({ asker }: Persona, declared: readonly Need[]): Expected => {
  if (!asker) return 'unknown'
  if (declared.length === 0) return 'forbidden'
  const answer = answerTo(asker, declared)
  const outside = asker.projects.size === 0 && asker.grants.length === 0
  const inProject = declared.some(({ resource }) => 'project' in resource || 'warehouse' in resource)
  return outside && inProject && answer !== 'allowed' ? 'missing' : answer
}

const statusOf: Readonly<Record<Expected, readonly number[]>> = {
  unknown: [401],
  missing: [404],
  forbidden: [403],
  allowed: [],
}

/** Asked of one who may do it, it would be done, and the next steps would not find what they need. */
const mayBeAsked = (persona: Persona, { operation }: Step): boolean =>
  persona.name !== 'member' || faces.get(operation)?.method === 'GET'

/** Of trusted engines alone: nobody here is one, so that they are no steps on any way. */
const ofEngines: readonly Step[] = ['decideForEngine', 'filterForEngine']
  .filter((operation) => faces.has(operation) && !steps.some((step) => step.operation === operation))
  .map((operation) => ({
    operation,
    body: () => ({
      input: { context: { identity: { user: 'boss' } }, action: { operation: 'ExecuteQuery' } },
    }),
  }))

const rows: readonly Step[] = [...steps, ...ofEngines]
const askedOf = rows.filter(({ operation }) => faces.get(operation)?.open === false)

/** Each step is asked by everybody else before it is done by one who may. */
const askAll = async (
  personas: readonly Persona[],
  boss: string,
  found: Found,
): Promise<readonly Asked[]> => {
  const asked: Asked[] = []
  const askAs = async (persona: Persona, step: Step, id: string): Promise<void> => {
    const answer = await send(step, found, { id, token: persona.token })
    asked.push({ persona, operation: step.operation, id, ...answer })
  }
  for (const [i, step] of rows.entries()) {
    const askers = askedOf.includes(step) ? personas.filter((one) => mayBeAsked(one, step)) : []
    for (const persona of askers) await askAs(persona, step, `${persona.name.replace(' ', '-')}-${i}`)
    const done = await send(step, found, { id: `boss-${i}`, token: boss })
    if (done.status < 300 && step.keep && done.text !== '') Object.assign(found, step.keep(readJson(done)))
  }
  return asked
}

type OnRecord = Awaited<ReturnType<typeof needsOnRecord>>

/** What is wrong with an answer; undefined where it is the expected one. */
const faultOf = (
  { persona, operation, id, status, text }: Asked,
  record: OnRecord,
  declared: readonly Need[],
): string | undefined => {
  const expected = expectedOf(persona, declared)
  const denied = record.get(id)?.decision === 'denied'
  const right = expected === 'allowed' ? !denied : denied && statusOf[expected].includes(status)
  return right ? undefined : `${persona.name} ${operation}: ${expected}, but ${status} ${text.slice(0, 200)}`
}

/** Written within a second of the answer. */
const wholeRecord = async (asked: readonly Asked[]): Promise<OnRecord> => {
  const ids = [...asked.map(({ id }) => id), `boss-${rows.length - 1}`]
  const missing = async () => {
    const record = await needsOnRecord()
    return ids.filter((id) => !record.has(id))
  }
  await expect.poll(missing, { timeout: 15_000, interval: 500 }).toEqual([])
  return needsOnRecord()
}

test('everybody is answered as the declared needs say', async () => {
  const lake = join(gateway.folder, 'lake')
  await mkdir(`${lake}-beside`, { recursive: true })
  const boss = await issuer.token('boss')
  const personas = await openPersonas(await settle(boss, lake))
  const asked = await askAll(personas, boss, { lake })
  const record = await wholeRecord(asked)
  const wrong: string[] = []
  const counts = new Map<Expected, number>()
  for (const one of asked) {
    const declared = record.get(`boss${one.id.slice(one.id.lastIndexOf('-'))}`)?.needs ?? []
    const expected = expectedOf(one.persona, declared)
    counts.set(expected, (counts.get(expected) ?? 0) + 1)
    const fault = faultOf(one, record, declared)
    if (fault !== undefined) wrong.push(fault)
  }
  const told = [...counts].map(([what, n]) => `${n} ${what}`).join(', ')
  process.stdout.write(`the matrix of every face: ${askedOf.length} steps, ${told}\n`)
  expect(wrong).toEqual([])
  const names = new Set(asked.map(({ operation }) => operation))
  const served = [...faces].filter(([, { open }]) => !open).map(([operation]) => operation)
  expect(served.filter((operation) => !names.has(operation))).toEqual([])
}, 240_000)
