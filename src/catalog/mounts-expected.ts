/**
 * A mounted catalog under grants that stand for one table or view, not for its name: where the call says which uuid an
 * object must have, that is compared before a byte of it leaves or a change is sent. A commit carries the uuid as a
 * requirement of its own, which is the one thing that is ever added to what a client sends.
 */
import type { ExpectedUuid } from '#model/access.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import { formatIdentifier, type Identifier, sameNamespace } from '#model/identifier.ts'
import { encodeJson, isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'
import type {
  Body,
  CallContext,
  Loaded,
  LoadOptions,
  Relations,
  Rename,
  TableChange,
  Tables,
  Transactions,
} from './catalog.ts'
import { beforeChange } from './certainty.ts'
import type { MountedWhole } from './mounts-words.ts'

type Kind = ExpectedUuid['resource']['kind']

/** The cause of an answer as for a missing object: something else was found under its name. */
export class UnexpectedUuid extends Error {
  readonly expected: ExpectedUuid
  /** Undefined where what is there has none. */
  readonly found: string | undefined

  constructor(expected: ExpectedUuid, found: string | undefined) {
    super(`Expected the uuid ${expected.uuid}, found ${found ?? 'none'}`)
    this.name = 'UnexpectedUuid'
    this.expected = expected
    this.found = found
  }
}

const missing = (kind: Kind, id: Identifier, cause: UnexpectedUuid): CatalogError =>
  kind === 'table'
    ? new CatalogError('NoSuchTableException', `Table does not exist: ${formatIdentifier(id)}`, { cause })
    : new CatalogError('NoSuchViewException', `View does not exist: ${formatIdentifier(id)}`, { cause })

const expectedOf = (
  { expected }: CallContext,
  kind: Kind,
  { namespace, name }: Identifier,
): ExpectedUuid | undefined =>
  expected?.find(
    ({ resource }) =>
      resource.kind === kind && resource.name === name && sameNamespace(resource.namespace, namespace),
  )

const isSame = ({ uuid }: ExpectedUuid, found: string | undefined): boolean =>
  found?.toLowerCase() === uuid.toLowerCase()

const check = (expected: ExpectedUuid, id: Identifier, { uuid }: Pick<Loaded, 'uuid'>): void => {
  if (!isSame(expected, uuid)) throw missing(expected.resource.kind, id, new UnexpectedUuid(expected, uuid))
}

interface Side {
  readonly kind: Kind
  readonly to: Relations
}

/** Throws the answer for a missing object where another one is there by now. */
const look = async (
  { to }: Side,
  context: CallContext,
  { id, expected }: { readonly id: Identifier; readonly expected: ExpectedUuid },
): Promise<void> => {
  const loaded = await to.load(context, id, { snapshots: 'refs' })
  if (loaded === 'not-modified') throw new Error('not-modified was not asked for')
  check(expected, id, loaded)
}

/** Looks before anything is done, where anything is expected, and has a change look again when it is about to be sent. */
const afterLook = async <T>(
  side: Side,
  context: CallContext,
  { id, work }: { readonly id: Identifier; readonly work: (context: CallContext) => Promise<T> },
): Promise<T> => {
  const expected = expectedOf(context, side.kind, id)
  if (!expected) return work(context)
  const beforeSending = () => beforeChange(() => look(side, context, { id, expected }))
  await beforeSending()
  return work({ ...context, beforeSending })
}

/** The requirement was passed over, and the change made: nothing of what it answers may be shown. */
const passedOver = (cause: UnexpectedUuid): CatalogError =>
  new CatalogError(
    'CommitStateUnknownException',
    'The upstream changed another object than the one that was asked for',
    { cause },
  )

/** What was renamed is told by where it is now: another object may have taken its name after the look. */
const rename = async (side: Side, context: CallContext, names: Rename): Promise<void> => {
  const id = names.source
  await afterLook(side, context, { id, work: (looking) => side.to.rename(looking, names) })
  const expected = expectedOf(context, side.kind, id)
  if (!expected) return
  const moved = await side.to.load(context, names.destination, { snapshots: 'refs' }).catch(() => undefined)
  if (moved === undefined || moved === 'not-modified' || isSame(expected, moved.uuid)) return
  throw passedOver(new UnexpectedUuid(expected, moved.uuid))
}

/** The client's version is compared here: that it still stands says nothing of whose it is. */
const load = async (
  { to, kind }: Side,
  context: CallContext,
  { id, options }: { readonly id: Identifier; readonly options: LoadOptions },
): Promise<Loaded | 'not-modified'> => {
  const expected = expectedOf(context, kind, id)
  if (!expected) return to.load(context, id, options)
  const { unlessVersion, ...rest } = options
  const loaded = await to.load(context, id, rest)
  if (loaded === 'not-modified') throw new Error('not-modified was not asked for')
  check(expected, id, loaded)
  return loaded.version === unlessVersion ? 'not-modified' : loaded
}

const assertionOf = ({ uuid, resource }: ExpectedUuid): JsonObject =>
  Object.assign(Object.create(null), { type: `assert-${resource.kind}-uuid`, uuid })

const asserts = (requirement: JsonValue, { uuid, resource }: ExpectedUuid): boolean =>
  isJsonObject(requirement) &&
  requirement['type'] === `assert-${resource.kind}-uuid` &&
  requirement['uuid'] === uuid

/** The change with the requirement; as it is where it has the requirement, or is none that could have one. */
const withAssertion = (change: JsonObject, expected: ExpectedUuid): JsonObject => {
  const { requirements = null } = change
  if (requirements !== null && !Array.isArray(requirements)) return change
  const given: readonly JsonValue[] = requirements ?? []
  if (given.some((one) => asserts(one, expected))) return change
  const all = [assertionOf(expected), ...given]
  return Object.assign(Object.create(null), change, { requirements: all })
}

/** The client's own bytes, unless something had to be added. */
const bodyOf = (body: Body, json: JsonObject): Body =>
  json === body.json ? body : { json, bytes: encodeJson(json) }

/** Where a requirement failed it may have been ours: then what is under the name tells. */
const explained = async (error: unknown, looks: readonly (() => Promise<void>)[]): Promise<unknown> => {
  if (!isCatalogError(error, 'CommitFailedException')) return error
  try {
    for (const one of looks) await one()
    return error
  } catch (found) {
    return found instanceof CatalogError && found.cause instanceof UnexpectedUuid ? found : error
  }
}

const commit = async (
  side: Side,
  context: CallContext,
  { id, body }: { readonly id: Identifier; readonly body: Body },
): Promise<Loaded> => {
  const expected = expectedOf(context, side.kind, id)
  if (!expected) return side.to.commit(context, id, body)
  try {
    const sent = bodyOf(body, withAssertion(body.json, expected))
    const loaded = await side.to.commit(context, id, sent)
    if (!isSame(expected, loaded.uuid)) throw passedOver(new UnexpectedUuid(expected, loaded.uuid))
    return loaded
  } catch (error) {
    throw await explained(error, [() => look(side, context, { id, expected })])
  }
}

const nameIn = ({ json }: Body): string => (typeof json['name'] === 'string' ? json['name'] : '')

const expectingRelations = (kind: Kind, to: Required<Relations>): Required<Relations> => {
  const side = { kind, to }
  return {
    list: (context, namespace, page) => to.list(context, namespace, page),
    create: (context, namespace, body) => to.create(context, namespace, body),
    load: (context, id, options) => load(side, context, { id, options }),
    exists: async (context, id) => {
      const expected = expectedOf(context, kind, id)
      return expected ? look(side, context, { id, expected }) : to.exists(context, id)
    },
    commit: (context, id, body) => commit(side, context, { id, body }),
    drop: (context, id, options) =>
      afterLook(side, context, { id, work: (looking) => to.drop(looking, id, options) }),
    rename: (context, names) => rename(side, context, names),
    register: (context, namespace, body) =>
      afterLook(side, context, {
        id: { namespace, name: nameIn(body) },
        work: (looking) => to.register(looking, namespace, body),
      }),
  }
}

const expectingTables = (to: MountedWhole['tables']): MountedWhole['tables'] => {
  const { unregister, reportMetrics } = to
  const side = { kind: 'table', to } as const
  const more: Pick<Tables, 'unregister' | 'reportMetrics'> = {
    ...(unregister
      ? {
          unregister: (context, id) =>
            afterLook(side, context, { id, work: (looking) => unregister.call(to, looking, id) }),
        }
      : {}),
    ...(reportMetrics
      ? {
          reportMetrics: (context, id, body) =>
            afterLook(side, context, {
              id,
              work: () => reportMetrics.call(to, context, id, body),
            }),
        }
      : {}),
  }
  return { ...to, ...expectingRelations('table', to), ...more }
}

/** Both forms of a transaction with its requirements: what a catalog reads, and what it sends on. */
const withAssertions = (
  { json }: Body,
  changes: readonly TableChange[],
  expectations: readonly (ExpectedUuid | undefined)[],
): { readonly body: Body; readonly changes: readonly TableChange[] } => {
  const { 'table-changes': given } = json
  const sent = (Array.isArray(given) ? given : []).map((change: JsonValue, i) => {
    const expected = expectations[i]
    return expected && isJsonObject(change) ? withAssertion(change, expected) : change
  })
  const whole: JsonObject = Object.assign(Object.create(null), json, { 'table-changes': sent })
  return {
    body: { json: whole, bytes: encodeJson(whole) },
    changes: changes.map((change, i) => {
      const expected = expectations[i]
      const { requirements } = change
      return expected ? { ...change, requirements: [assertionOf(expected), ...(requirements ?? [])] } : change
    }),
  }
}

const expectingTransactions = (to: Transactions, tables: MountedWhole['tables']): Transactions => ({
  commit: async (context, changes, body) => {
    if (!context.expected?.length) return to.commit(context, changes, body)
    const expectations = changes.map(({ id }) => expectedOf(context, 'table', id))
    const sent = withAssertions(body, changes, expectations)
    try {
      await to.commit(context, sent.changes, sent.body)
    } catch (error) {
      const looks = changes.flatMap(({ id }, i) => {
        const expected = expectations[i]
        return expected ? [() => look({ kind: 'table', to: tables }, context, { id, expected })] : []
      })
      throw await explained(error, looks)
    }
  },
})

/** All of it passes through where `context.expected` names nothing. */
export const expectingUuids = (catalog: MountedWhole): MountedWhole => ({
  ...catalog,
  tables: expectingTables(catalog.tables),
  views: expectingRelations('view', catalog.views),
  transactions: expectingTransactions(catalog.transactions, catalog.tables),
})
