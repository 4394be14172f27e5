/** A world of grants in an OpenFGA server and in memory, asked through the adapter of each. */
import { ConsistencyPreference, CredentialsMethod, OpenFgaClient } from '@openfga/sdk'
import { compileModel } from '#authz/compiled-model.ts'
import { createEmbeddedEngine } from '#authz/embedded-engine.ts'
import type { Foresight, GrantEngine, Question, Subject } from '#authz/grants.ts'
import { authorizationModel } from '#authz/model.ts'
import type { ObjectKey } from '#authz/objects.ts'
import { checksOf } from '#authz/openfga/fga-checks.ts'
import { type FgaAccess, openFga, prepareFga } from '#authz/openfga/fga-client.ts'
import { createFgaEngine } from '#authz/openfga/fga-engine.ts'
import { type MirrorSource, mirrorSome } from '#authz/openfga/fga-mirror.ts'
import type { NaiveWorld, StoredGrant } from './naive.ts'
import { chains } from './worlds.ts'

const objects = [...new Set(chains.flat())]

/** Roles, memberships and administration are no grants: an asker's standing says them. */
const ofStandings: ReadonlySet<string> = new Set(['assignee', 'member', 'admin'])

/** Grants that the model lets be, as our own store has them. */
const possible = ({ model, grants, now }: NaiveWorld): readonly StoredGrant[] => {
  const references = ({ object, relation }: StoredGrant) =>
    model.type_definitions.find(({ type }) => object.startsWith(`${type}:`))?.metadata?.relations?.[relation]
      ?.directly_related_user_types ?? []
  const fits = (grant: StoredGrant): boolean =>
    references(grant).some(
      ({ type, wildcard, condition }) =>
        (grant.kind === 'anyone' ? wildcard !== undefined : type === grant.kind && !wildcard) &&
        (condition !== undefined) === (grant.expiresAt !== null),
    )
  const unique = new Map(
    grants
      .filter((one) => !ofStandings.has(one.relation) && fits(one))
      .map((one) => [`${one.object} ${one.relation} ${one.kind} ${one.id}`, one]),
  )
  return [...unique.values()].filter(({ expiresAt }) => expiresAt === null || expiresAt >= now)
}

const unasked = (questions: readonly Question[]): readonly boolean[] => {
  if (questions.length > 0) throw new Error('the server was not asked')
  return []
}

const neverEmbedded: GrantEngine & Foresight = {
  check: (_, questions) => unasked(questions),
  checkAt: async (_, questions) => unasked(questions),
}

export interface BothEngines {
  /** Makes both know of the world, and of nothing else. */
  show(world: NaiveWorld): Promise<void>
  embedded(subject: Subject, questions: readonly Question[]): Promise<readonly boolean[]>
  server(subject: Subject, questions: readonly Question[]): Promise<readonly boolean[]>
  /** What both say will be held for good: ours, theirs. */
  forGood(subject: Subject, questions: readonly Question[]): Promise<readonly (readonly boolean[])[]>
  /** The objects of the type to which the subject has the relation, as the server lists them by itself. */
  listed(subject: Subject, asked: Pick<Question, 'type' | 'relation'>): Promise<readonly string[]>
}

const fresh = Number.POSITIVE_INFINITY

/** All chains at once, and what the subject is: what each check is told of its own object. */
const wholeContext = (subject: Subject) => {
  const tuples = chains.flatMap((chain) => {
    const type = chain[0]?.split(':')[0] as Question['type']
    return checksOf(subject, { relation: '', type, chain }, [...subject.roles])
  })
  const unique = new Map(tuples.flatMap(({ context }) => context).map((one) => [JSON.stringify(one), one]))
  return { user: tuples[0]?.user ?? '', contextualTuples: [...unique.values()] }
}

export const openBothEngines = async (access: FgaAccess): Promise<BothEngines> => {
  const place = await prepareFga(access)
  const fga = await openFga(access, place, () => undefined)
  const client = new OpenFgaClient({
    apiUrl: access.url,
    ...{ storeId: place.store, authorizationModelId: place.model },
    credentials: { method: CredentialsMethod.ApiToken, config: { token: access.token ?? '' } },
  })
  let grants: readonly StoredGrant[] = []
  let moment = 0
  let waiting: ObjectKey[] = []
  const source: MirrorSource = {
    pending: async (_, size) => waiting.slice(0, size).map((object) => ({ object, version: '1' })),
    grantsOn: async (object) => grants.filter((one) => one.object === object),
    done: async ({ object }) => {
      waiting = waiting.filter((one) => one !== object)
    },
  }
  const clocks = { loadEpoch: async () => 1, now: () => 0, clock: () => moment, report: () => undefined }
  const embedded = createEmbeddedEngine({
    ...clocks,
    model: compileModel(authorizationModel),
    source: {
      held: async ({ principal, roles }, asked) => ({
        epoch: 1,
        tuples: grants
          .filter(({ object }) => asked.includes(object))
          .filter(({ kind, id }) =>
            kind === 'anyone' ? true : kind === 'role' ? roles.includes(id) : id === principal,
          )
          .map(({ kind, ...rest }) => ({ ...rest, subjectKind: kind })),
      }),
    },
  })
  const server = createFgaEngine({
    ...clocks,
    fga: async () => fga,
    embedded: neverEmbedded,
    state: async (roles) => ({ epoch: 1, store: fga.store, pending: [], roles, nextExpiry: null }),
  })
  return {
    listed: async (subject, { type, relation }) => {
      const context = { current_time: new Date(moment).toISOString() }
      const found = await client.listObjects(
        { ...wholeContext(subject), type, relation, context },
        { consistency: ConsistencyPreference.HigherConsistency },
      )
      return [...found.objects].sort()
    },
    show: async (world) => {
      grants = possible(world)
      moment = world.now
      waiting = [...objects]
      while ((await mirrorSome(source, fga)) > 0);
    },
    embedded: async (subject, questions) => embedded.check(subject, questions, fresh),
    server: async (subject, questions) => server.check(subject, questions, fresh),
    forGood: (subject, questions) =>
      Promise.all(
        [embedded, server].map((engine) => engine.checkAt(subject, questions, Number.POSITIVE_INFINITY)),
      ),
  }
}
