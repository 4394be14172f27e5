/** OpenFGA by its own SDK, which is loaded where a server is configured and nowhere else. */
import { authorizationModel } from '../model.ts'
import { type ContextTuple, type Fga, type FgaCheck, type FgaTuple, RefusedTuples } from './fga.ts'

type Sdk = typeof import('@openfga/sdk')
type Client = InstanceType<Sdk['OpenFgaClient']>

export interface FgaAccess {
  readonly url: string
  /** Preshared key. */
  readonly token?: string
  /** Of a store at the server. */
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

const findStore = async (client: Client, name: string): Promise<string | undefined> => {
  let continuationToken: string | undefined
  do {
    const page = await client.listStores({ name, ...(continuationToken ? { continuationToken } : {}) })
    const found = page.stores.find((store) => store.name === name)
    if (found) return found.id
    continuationToken = page.continuation_token
  } while (continuationToken)
  return undefined
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'statusCode' in error && error.statusCode === 404

/** A server that has lost its stores speaks of a model that it does not find. */
const isLost = (error: unknown): boolean =>
  isMissing(error) ||
  (error instanceof Error &&
    'apiErrorCode' in error &&
    ['authorization_model_not_found', 'store_id_not_found'].includes(String(error.apiErrorCode)))

const hasStore = (client: Client, storeId: string): Promise<boolean> =>
  client.getStore({ storeId }).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false
      throw error
    },
  )

const isRefusal = (error: unknown): boolean =>
  !isLost(error) && error instanceof Error && 'statusCode' in error && error.statusCode === 400

/**
 * Where the grants are, made where there is none. `known`: as it was found last; it serves again while its store is
 * there. Called by one process at a time.
 */
export const prepareFga = async (access: FgaAccess, known: FgaPlace | undefined): Promise<FgaPlace> => {
  const sdk: Sdk = await import('@openfga/sdk')
  const outside = clientOf(sdk, access)
  if (known && (await hasStore(outside, known.store))) return known
  const store =
    (await findStore(outside, access.storeName)) ?? (await outside.createStore({ name: access.storeName })).id
  const inside = clientOf(sdk, access, { store, model: '' })
  const written = await inside.writeAuthorizationModel(
    authorizationModel as unknown as Parameters<Client['writeAuthorizationModel']>[0],
  )
  return { store, model: written.authorization_model_id }
}

/** `lost` is told where the server no longer has the store or the model: the place has to be prepared anew. */
export const openFga = async (access: FgaAccess, place: FgaPlace, lost: () => void): Promise<Fga> => {
  const sdk: Sdk = await import('@openfga/sdk')
  const client = clientOf(sdk, access, place)
  const tell = (error: unknown): never => {
    if (isLost(error)) lost()
    throw isRefusal(error) ? new RefusedTuples(error) : error
  }
  return {
    store: place.store,
    check: (checks, moment) => checkAll(sdk, client, { checks, moment }).catch(tell),
    read: (object) => readAll(sdk, client, object),
    change: (change) => changeAll(sdk, client, change).catch(tell),
  }
}
