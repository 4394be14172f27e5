/**
 * Every operation of the Iceberg face × everybody who may ask × local and mounted. What is expected follows from the
 * declared needs and the model by definition; what is denied reaches nothing, and what is invisible is missing, byte for
 * byte. An operation without a sample fails here.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { createOidcProvider } from '#authn/oidc.ts'
import { createProviderAuthenticator } from '#authn/provider-authenticator.ts'
import { compileModel } from '#authz/compiled-model.ts'
import { createDataLevels } from '#authz/data-levels.ts'
import { createEmbeddedEngine } from '#authz/embedded-engine.ts'
import { authorizationModel } from '#authz/model.ts'
import { createNavigation } from '#authz/navigation-memory.ts'
import { createPolicyAuthorizer } from '#authz/policy-authorizer.ts'
import { createIcebergOperations } from '#gateway/operations/iceberg.ts'
import type { Need } from '#model/access.ts'
import { namespaceKey, namespaceOfKey } from '#model/identifier.ts'
import { samples } from '../support/iceberg-requests.ts'
import { epochMs, issuerUri, makeClocks, makeIssuer, makeKey, signToken } from '../support/made-issuer.ts'
import {
  type Content,
  contentOf,
  fillCatalog,
  mountPoint,
  projectId,
  serverId,
} from '../support/matrix/content.ts'
import { type Expected, expectedOf, grantsOf, isForbidden } from '../support/matrix/expected.ts'
import { type Person, people, subjectOf } from '../support/matrix/people.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { watchCatalog } from '../support/watched-catalog.ts'
import { call, type Reply } from '../support/wire.ts'

type Place = 'local' | 'mounted'

const key = await makeKey('of-the-matrix')

const tokenOf = (person: Person): Promise<string> =>
  signToken({
    key,
    claims: {
      sub: subjectOf(person),
      ...(person.token === 'expired' ? { exp: epochMs / 1000 - 3600, iat: epochMs / 1000 - 7200 } : {}),
      ...(person.token === 'of another audience' ? { aud: 'another' } : {}),
    },
  })

const tokens = new Map<Person, string>()
for (const person of people) if (person.token !== 'none') tokens.set(person, await tokenOf(person))

const createAuthenticator = () => {
  const issuer = makeIssuer([key])
  const { now, elapsed } = makeClocks()
  const settings = { id: 'oidc', uri: issuerUri, audiences: ['lakegate'] }
  const provider = createOidcProvider(settings, { fetch: issuer.fetch, report: () => {}, now, elapsed })
  const admit = ({ id }: { readonly id: string }) => ({ kind: 'user', id: id.slice('oidc~'.length) }) as const
  return createProviderAuthenticator({ providers: [provider], people: { admit }, now, elapsed })
}

/** The real authorizer and the real evaluator, over the grants of everybody. */
const createAuthorizer = (content: Content) => {
  const model = compileModel(authorizationModel)
  const grants = people.flatMap((person) => grantsOf(person, content))
  const heldBy = (principal: string | undefined) => grants.filter(({ id }) => id === principal)
  const personOf = (id: string) => people.find((person) => subjectOf(person) === id)
  const namespacesOf = (object: (typeof grants)[number]['object']): readonly string[] => {
    const nearest = content.chains.get(object)?.find((one) => one.startsWith('namespace:'))
    return nearest === undefined
      ? []
      : [namespaceKey(namespaceOfKey(nearest.slice(nearest.indexOf('/') + 1)))]
  }
  return createPolicyAuthorizer({
    model,
    levels: createDataLevels({ now: () => 0 }),
    tree: { server: serverId, projectOf: () => projectId },
    standings: {
      of: ({ id }) => ({
        serverAdmin: personOf(id)?.serverAdmin === true,
        projects: new Set(personOf(id)?.member ? [projectId] : []),
        roles: new Set(),
      }),
    },
    engine: createEmbeddedEngine({
      ...{ model, loadEpoch: async () => 1, now: () => 0, clock: () => 0, report: () => {} },
      source: {
        held: async ({ principal }, objects) => ({
          epoch: 1,
          tuples: heldBy(principal)
            .filter(({ object }) => objects.includes(object))
            .map(({ object, relation }) => ({ object, relation, subjectKind: 'principal', expiresAt: null })),
        }),
      },
    }),
    navigation: createNavigation({
      loadPlaces: async ({ principal }) => ({
        ...{ epoch: 1, until: null },
        namespaces: heldBy(principal).flatMap(({ object }) => namespacesOf(object)),
      }),
      loadRoots: async ({ principal }) => {
        const some = heldBy(principal).length > 0
        const roots = some ? [...content.chains.values()].flat() : []
        const idsOf = (kind: string) =>
          roots.filter((one) => one.startsWith(`${kind}:`)).map((one) => one.slice(kind.length + 1))
        return { epoch: 1, until: null, projects: idsOf('project'), warehouses: idsOf('warehouse') }
      },
      now: () => 0,
      wallClock: () => 0,
    }),
    governed: { of: () => new Map() },
    rules: {
      judge: ({ principal, needs }) =>
        needs.map((need) => {
          const forbidden = isForbidden(personOf(principal.id) ?? {}, need)
          return { allowed: !forbidden, by: forbidden ? ['a rule of the matrix'] : [] }
        }),
    },
  })
}

interface World {
  readonly gateway: MemoryGateway
  readonly content: Content
  readonly reached: readonly string[]
}

const open: MemoryGateway[] = []
afterAll(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})

const build = async (place: Place): Promise<World> => {
  const [local, upstream] = [createMemoryCatalog(), createMemoryCatalog()]
  const catalog = place === 'local' ? local : upstream
  await fillCatalog(catalog)
  const content = await contentOf(catalog, place === 'mounted')
  const [watchedLocal, watchedUpstream] = [watchCatalog(local), watchCatalog(upstream)]
  const gateway = await startMemoryGateway({
    local: watchedLocal.catalog,
    mounts: [{ namespace: [mountPoint], connection: 'upstream', catalog: watchedUpstream.catalog }],
    authenticator: createAuthenticator(),
    authorizer: createAuthorizer(content),
  })
  open.push(gateway)
  const reached = () => [...watchedLocal.reached, ...watchedUpstream.reached]
  return {
    ...{ gateway, content },
    get reached() {
      return reached()
    },
  }
}

interface Request {
  readonly line: string
  readonly body?: unknown
}

const mapText = ({ line, body }: Request, map: (text: string) => string): Request => ({
  line: map(line),
  ...(body === undefined ? {} : { body: JSON.parse(map(JSON.stringify(body))) as unknown }),
})

/** The sample, behind the mount where it is meant there. */
const requestOf = (operation: string, place: Place): Request => {
  const sample = samples[operation]
  if (!sample) throw new Error(`no sample of ${operation}: the matrix has no row for it`)
  if (place === 'local') return sample
  return mapText(sample, (text) =>
    text
      .replace('/namespaces/a', `/namespaces/${mountPoint}%1Fa`)
      .replace('parent=a', `parent=${mountPoint}%1Fa`)
      .replaceAll('"namespace":["a"', `"namespace":["${mountPoint}","a"`),
  )
}

/** The same about something that is not there: of the same name but for one letter. */
const absent = (request: Request): Request => {
  const ofRelation = mapText(request, (text) =>
    text
      .replace(/\/tables\/t\b/, '/tables/q')
      .replace(/\/views\/v\b/, '/views/q')
      .replace(/("source":\{[^}]*"name":)"[tv]"/, '$1"q"')
      .replace(/("identifier":\{[^}]*"name":)"t"/, '$1"q"'),
  )
  if (JSON.stringify(ofRelation) !== JSON.stringify(request)) return ofRelation
  return mapText(request, (text) =>
    text
      .replace(/\/namespaces\/(far%1F)?a\b/, '/namespaces/$1q')
      .replace(/parent=(far%1F)?a\b/, 'parent=$1q')
      .replace(/"namespace":\[("far",)?"a"/, '"namespace":[$1"q"'),
  )
}

/** What an answer says of `q`, said of what was asked for. */
const inWordsOf = (text: string, operation: string): string => {
  const name = /view/i.test(operation) ? 'v' : 't'
  return text.replace(/\ba\.q\b/g, `a.${name}`).replace(/(: |\.)q\b/g, '$1a')
}

const ask = ({ gateway }: World, person: Person, { line, body }: Request): Promise<Reply> => {
  const token = tokens.get(person)
  return call(gateway, line.replace('~', `${gateway.origin}/catalog`), {
    headers: { 'x-request-id': 'same', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body }),
  })
}

const personNamed = (name: string): Person => {
  const person = people.find((one) => one.name === name)
  if (!person) throw new Error(`nobody in the matrix is called ${name}`)
  return person
}

/** As the operation declares them: they are of the request, whoever asks. Asked by one to whom everything is forbidden. */
const needsOf = async (world: World, operation: string, place: Place): Promise<readonly Need[]> => {
  await ask(world, personNamed('deny rule on everything'), requestOf(operation, place))
  return world.gateway.audited.at(-1)?.needs ?? []
}

const counts = new Map<string, number>()
const count = (what: string): void => {
  counts.set(what, (counts.get(what) ?? 0) + 1)
}
afterAll(() => {
  const told = [...counts].map(([what, n]) => `${n} ${what}`).join(', ')
  process.stdout.write(`the matrix of the Iceberg face: ${told}\n`)
})

const statusOf: Readonly<Record<Exclude<Expected, 'allowed'>, number>> = {
  unknown: 401,
  missing: 404,
  forbidden: 403,
}

const checkDenied = async (
  world: World,
  {
    person,
    operation,
    place,
  }: { readonly person: Person; readonly operation: string; readonly place: Place },
  expected: Exclude<Expected, 'allowed'>,
): Promise<void> => {
  const request = requestOf(operation, place)
  const reply = await ask(world, person, request)
  expect([reply.status, reply.text], `${person.name}: ${operation}`).toMatchObject([
    statusOf[expected],
    reply.text,
  ])
  expect(world.reached).toEqual([])
  expect(world.gateway.audited.at(-1)).toMatchObject({ operation, decision: 'denied' })
  if (expected !== 'missing') return
  const missing = await ask(world, person, absent(request))
  expect(missing.status).toBe(404)
  expect(reply.text).toBe(inWordsOf(missing.text, operation))
  expect(world.reached).toEqual([])
}

test('every operation of the face has a row', () => {
  const tokensOnly = { tokens: { seal: () => '', open: () => ({ source: null, epoch: '' }) }, strict: false }
  const directory = { byName: () => undefined, byPrefix: () => undefined, byDefault: () => undefined }
  const operations = createIcebergOperations({ warehouses: directory, listing: tokensOnly })
  const names = Object.values(operations).map(({ name }) => name)
  expect(Object.keys(samples).toSorted()).toEqual(names.toSorted())
})

describe.each(['local', 'mounted'] as const)('%s', (place) => {
  test.each(Object.keys(samples))('%s is answered to each as its needs say', async (operation) => {
    let world = await build(place)
    for (const person of people) {
      const needs = await needsOf(world, operation, place)
      expect(needs.length).toBeGreaterThan(0)
      const expected = expectedOf(person, world.content, needs)
      count(expected)
      if (expected !== 'allowed') {
        await checkDenied(world, { person, operation, place }, expected)
        continue
      }
      const { status, text } = await ask(world, person, requestOf(operation, place))
      // The samples register a file that is not there, and drop what is not empty: the catalog's own answers.
      expect([200, 204, 404, 409], `${person.name}: ${operation}: ${text}`).toContain(status)
      if (operation !== 'getConfig') expect(world.reached.length, person.name).toBeGreaterThan(0)
      world = await build(place)
    }
  })
})
