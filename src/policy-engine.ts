/** Who evaluates grants: this process, or an OpenFGA server that is kept like our own store. */
import { hash, randomUUID } from 'node:crypto'
import { createEmbeddedEngine, type EmbeddedEngineDeps } from '#authz/embedded-engine.ts'
import type { Foresight, GrantEngine } from '#authz/grants.ts'
import { authorizationModel } from '#authz/model.ts'
import type { Fga } from '#authz/openfga/fga.ts'
import { type FgaAccess, openFga, prepareFga } from '#authz/openfga/fga-client.ts'
import { createFgaEngine } from '#authz/openfga/fga-engine.ts'
import { startMirror } from '#authz/openfga/fga-mirror.ts'
import type { PolicyMemory } from '#authz/policy-memory.ts'
import type { TupleSource } from '#authz/tuples.ts'
import type { Database } from '#store/database.ts'
import {
  attachMirror,
  loadGrantsOn,
  loadMirrorState,
  loadPending,
  settlePending,
} from '#store/grant-mirror.ts'
import { acquireLease, releaseLease } from '#store/leases.ts'
import { loadHeldTuples } from '#store/relation-tuples.ts'
import type { PolicySettings } from './policy-schema.ts'
import type { SecretResolver } from './secrets.ts'

export interface EngineDeps extends Omit<EmbeddedEngineDeps, 'source' | 'clock' | 'report'> {
  readonly database: Database
  /** Absent: grants are evaluated here. */
  readonly fga?: FgaAccess
  readonly report: (event: string, error: unknown) => void
}

export interface OpenEngine extends GrantEngine, Foresight, PolicyMemory, AsyncDisposable {
  /** As `GET /management/v1/info` names it. */
  readonly name: string
}

export const tupleSource = (database: Database): TupleSource => ({
  held: (subjects, objects) => loadHeldTuples(database, subjects, objects),
})

const createEmbedded = (deps: EngineDeps) =>
  createEmbeddedEngine({
    ...deps,
    clock: Date.now,
    report: (error) => deps.report('policy.not-looked-at', error),
    source: tupleSource(deps.database),
  })

interface AccessDeps {
  readonly secret: SecretResolver
  readonly serverId: string
}

/** Undefined where no server is configured. */
export const fgaAccessOf = async (
  { openfga }: PolicySettings,
  { secret, serverId }: AccessDeps,
): Promise<FgaAccess | undefined> => {
  if (!openfga) return undefined
  const { url, token, storeName = `lakegate-${serverId}` } = openfga
  return { url, storeName, ...(token === undefined ? {} : { token: await secret(token) }) }
}

/** Of the model that this build evaluates by. */
const modelDigest = (): string => hash('sha256', JSON.stringify(authorizationModel))

/** The server may be away when we start: who needs it tries again, and is refused until it is there. */
const createConnection = (database: Database, access: FgaAccess): (() => Promise<Fga>) => {
  const digest = modelDigest()
  let connection: Promise<Fga> | undefined
  const open = async (leave: () => void): Promise<Fga> => {
    const place = await attachMirror(database, async (known) => {
      const found = known && { ...known, current: known.digest === digest }
      return { ...(await prepareFga(access, found)), digest }
    })
    return openFga(access, place, leave)
  }
  const connect = (): Promise<Fga> => {
    const leave = (): void => {
      if (connection === made) connection = undefined
    }
    const made = open(leave).catch((error: unknown) => {
      leave()
      throw error
    })
    return made
  }
  return () => {
    connection ??= connect()
    return connection
  }
}

const leaseName = 'grant-mirror'
const leaseSeconds = 30

/** One process mirrors; another takes over when it is gone. */
const createAlone = (database: Database) => {
  const holder = randomUUID()
  return async <Result>(work: () => Promise<Result>): Promise<Result | undefined> => {
    const lease = await acquireLease(database, leaseName, { holder, seconds: leaseSeconds })
    if (lease === undefined) return undefined
    return work().finally(() => releaseLease(database, lease))
  }
}

const openServerEngine = (deps: EngineDeps, access: FgaAccess): OpenEngine => {
  const { database, report } = deps
  const embedded = createEmbedded(deps)
  const fga = createConnection(database, access)
  const engine = createFgaEngine({
    ...{ fga, embedded, loadEpoch: deps.loadEpoch, now: deps.now, clock: Date.now },
    state: (roles, objects) => loadMirrorState(database, roles, objects),
    report: (error) => report('policy.not-looked-at', error),
  })
  const mirror = startMirror({
    fga,
    source: {
      pending: (store, size) => loadPending(database, store, size),
      grantsOn: (object) => loadGrantsOn(database, object),
      done: (object) => settlePending(database, object),
    },
    alone: createAlone(database),
    onFailure: (error) => report('policy.not-mirrored', error),
  })
  return {
    name: 'openfga',
    check: engine.check,
    checkAt: engine.checkAt,
    ...(engine.checkEach ? { checkEach: engine.checkEach } : {}),
    forget: () => {
      embedded.forget()
      engine.forget()
    },
    [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose](),
  }
}

export const openEngine = (deps: EngineDeps): OpenEngine => {
  if (deps.fga) return openServerEngine(deps, deps.fga)
  return { ...createEmbedded(deps), name: 'embedded', [Symbol.asyncDispose]: async () => undefined }
}
