/** OpenFGA by its own SDK, which is loaded where a server is configured and nowhere else. */
import { authorizationModel } from '../model.ts'
import { type ContextTuple, type Fga, type FgaCheck, type FgaTuple, RefusedTuples } from './fga.ts'

type Sdk = typeof import('@openfga/sdk')
type Client = InstanceType<Sdk['OpenFgaClient']>

export interface FgaAccess {
  readonly url: string
  /** Preshared key. */
  readonly token?: string
  /** Of the store that is made at the server. */
  readonly storeName: string
  readonly timeoutMs?: number
}

/** Where grants are mirrored, and by which model they are read. */
export interface FgaPlace {
  readonly store: string
  readonly model: string
}

/** A server takes so many by default. */
const largestBatch = 50
/** Of a page: more would only wait for one another there. */
const batchesAtOnce = 4
const largestWrite = 100
const condition = 'unexpired'

const instantOf = (ms: number): string => new Date(ms).toISOString()

const clientOf = (sdk: Sdk, access: FgaAccess, place?: FgaPlace): Client =>
  new sdk.OpenFgaClient({
    apiUrl: access.url,
    ...(place ? { storeId: place.store, authorizationModelId: place.model } : {}),
    ...(access.token === undefined
      ? {}
      : { credentials: { method: sdk.CredentialsMethod.ApiToken, config: { token: access.token } } }),
    retryParams: { maxRetry: 1, minWaitInMs: 50 },
    baseOptions: { timeout: access.timeoutMs ?? 3_000 },
  })

const keyOf = ({ user, relation, object }: ContextTuple): ContextTuple => ({ user, relation, object })

const tupleKeyOf = (tuple: FgaTuple) => ({
  ...keyOf(tuple),
  ...(tuple.expiresAt === null
    ? {}
    : { condition: { name: condition, context: { expires_at: instantOf(tuple.expiresAt) } } }),
})

const portions = <T>(items: readonly T[], size: number): readonly T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))

const checkAll = async (
  sdk: Sdk,
  client: Client,
  { checks, moment }: { readonly checks: readonly FgaCheck[]; readonly moment: number },
): Promise<readonly boolean[]> => {
  const context = { current_time: instantOf(moment) }
  const { result } = await client.batchCheck(
    {
      checks: checks.map(({ user, relation, object, context: tuples }, i) => ({
        ...{ user, relation, object, context, correlationId: String(i) },
        contextualTuples: { tuple_keys: tuples.map(keyOf) },
      })),
    },
    {
      maxBatchSize: largestBatch,
      maxParallelRequests: batchesAtOnce,
      consistency: sdk.ConsistencyPreference.HigherConsistency,
    },
  )
  const answers = new Map(result.map((one) => [one.correlationId, one]))
  return checks.map((_, i) => {
    const answer = answers.get(String(i))
    if (!answer || answer.error !== undefined)
      throw new Error(`OpenFGA did not answer a check: ${JSON.stringify(answer?.error ?? null)}`)
    return answer.allowed === true
  })
}

const expiryOf = (context: object | undefined): number | null => {
  const text: unknown = context && 'expires_at' in context ? context.expires_at : undefined
  return typeof text === 'string' ? Date.parse(text) : null
}

async function* readAll(sdk: Sdk, client: Client, object: string | undefined): AsyncGenerator<FgaTuple> {
  let continuationToken: string | undefined
  do {
    const page = await client.read(object === undefined ? {} : { object }, {
      pageSize: 100,
      ...(continuationToken ? { continuationToken } : {}),
      consistency: sdk.ConsistencyPreference.HigherConsistency,
    })
    for (const { key } of page.tuples) yield { ...keyOf(key), expiresAt: expiryOf(key.condition?.context) }
    continuationToken = page.continuation_token
  } while (continuationToken)
}

const changeAll = async (
  sdk: Sdk,
  client: Client,
  { deletes, writes }: Parameters<Fga['change']>[0],
): Promise<void> => {
  const conflict = {
    onDuplicateWrites: sdk.ClientWriteRequestOnDuplicateWrites.Ignore,
    onMissingDeletes: sdk.ClientWriteRequestOnMissingDeletes.Ignore,
  }
  for (const some of portions(deletes, largestWrite))
    await client.write({ deletes: some.map(keyOf) }, { conflict })
  for (const some of portions(writes, largestWrite))
    await client.write({ writes: some.map(tupleKeyOf) }, { conflict })
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'statusCode' in error && error.statusCode === 404

/** A server that has lost its stores speaks of a model that it does not find. */
const isLost = (error: unknown): boolean =>
  isMissing(error) ||
  (error instanceof Error &&
    'apiErrorCode' in error &&
    ['authorization_model_not_found', 'store_id_not_found'].includes(String(error.apiErrorCode)))

/** With the model: one without it is older than what we know of it, and so may be the grants in it. */
const hasPlace = (client: Client, { store: storeId, model }: FgaPlace): Promise<boolean> =>
  client
    .getStore({ storeId })
    .then(() => client.readAuthorizationModel({ storeId, authorizationModelId: model }))
    .then(
      () => true,
      (error: unknown) => {
        if (isLost(error)) return false
        throw error
      },
    )

const isRefusal = (error: unknown): boolean =>
  !isLost(error) && error instanceof Error && 'statusCode' in error && error.statusCode === 400

interface KnownPlace extends FgaPlace {
  /** Its model is the one that this build evaluates by. */
  readonly current: boolean
}

/**
 * Where the grants are. `known`: as it was found last; it serves again while the server has it, with a newer model where
 * that is needed. Otherwise an empty store is made: what one of the same name holds is nothing that we wrote, or know of,
 * and could never be taken back. Called by one process at a time.
 */
export const prepareFga = async (access: FgaAccess, known?: KnownPlace): Promise<FgaPlace> => {
  const sdk: Sdk = await import('@openfga/sdk')
  const outside = clientOf(sdk, access)
  const there = known !== undefined && (await hasPlace(outside, known))
  if (there && known.current) return { store: known.store, model: known.model }
  const store = there ? known.store : (await outside.createStore({ name: access.storeName })).id
  const inside = clientOf(sdk, access, { store, model: '' })
  const written = await inside.writeAuthorizationModel(
    authorizationModel as unknown as Parameters<Client['writeAuthorizationModel']>[0],
  )
  return { store, model: written.authorization_model_id }
}

async function* telling<T>(items: AsyncIterable<T>, tell: (error: unknown) => never): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    tell(error)
  }
}

/** `leave` is told where the server no longer has the store or the model too: the place has to be prepared anew. */
export const openFga = async (access: FgaAccess, place: FgaPlace, leave: () => void): Promise<Fga> => {
  const sdk: Sdk = await import('@openfga/sdk')
  const client = clientOf(sdk, access, place)
  const tell = (error: unknown): never => {
    if (isLost(error)) leave()
    throw isRefusal(error) ? new RefusedTuples(error) : error
  }
  return {
    store: place.store,
    leave,
    check: (checks, moment) => checkAll(sdk, client, { checks, moment }).catch(tell),
    read: (object) => telling(readAll(sdk, client, object), tell),
    change: (change) => changeAll(sdk, client, change).catch(tell),
  }
}
