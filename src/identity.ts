/** Who is known to this process: people and keys, remembered until somebody tells that they have changed. */
import type { People } from '#authn/identity.ts'
import type { IdentityMemory } from '#authn/identity-memory.ts'
import { createKeyring, type Keyring } from '#authn/keyring.ts'
import { createLastSight, type LastSight } from '#authn/last-sight.ts'
import { createPeople } from '#authn/people.ts'
import type { PeopleRegistry } from '#gateway/operations/management/people-registry.ts'
import { createStorePeople } from '#gateway/operations/management/store-people.ts'
import type { EventDraft } from '#model/event.ts'
import { findAdmission, findKeyByHash, noteSeen, noteUsed, registerUser } from '#store/admissions.ts'
import type { Database } from '#store/database.ts'
import { loadIdentityEpoch } from '#store/server.ts'
import { type IdentityWatch, startIdentityWatch } from './identity-watch.ts'
import type { Log } from './log.ts'

export interface IdentityDeps {
  readonly database: Database
  readonly warn: Log
}

export interface OpenIdentity {
  readonly people: People
  readonly keyring: Keyring
  readonly watch: IdentityWatch
  readonly registry: PeopleRegistry
  /** Takes part in what is forgotten from here on. */
  remember(memory: IdentityMemory): void
  /** For whoever else changes identity: in force here when it resolves. */
  changed(event: Pick<EventDraft, 'type' | 'object'>): Promise<void>
}

const openSight = (
  deps: IdentityDeps,
  parts: AsyncDisposableStack,
  write: (database: Database, ids: readonly string[]) => Promise<void>,
): LastSight =>
  parts.use(
    createLastSight({
      write: (ids) => write(deps.database, ids),
      onFailure: (error) => deps.warn('last-sight.not-written', { error }),
    }),
  )

export const openIdentity = async (
  deps: IdentityDeps,
  parts: AsyncDisposableStack,
): Promise<OpenIdentity> => {
  const { database, warn } = deps
  const people = createPeople({
    records: {
      find: (id, keyId) => findAdmission(database, id, keyId),
      register: (newcomer) => registerUser(database, newcomer),
    },
    seen: openSight(deps, parts, noteSeen),
    used: openSight(deps, parts, noteUsed),
  })
  const keyring = createKeyring({
    records: { find: (hash) => findKeyByHash(database, hash) },
    now: Date.now,
  })
  const memories: IdentityMemory[] = [people, keyring]
  const watch = parts.use(
    await startIdentityWatch({
      memories,
      loadEpoch: () => loadIdentityEpoch(database),
      onFailure: (error) => warn('identity.not-looked-at', { error }),
    }),
  )
  const changed = async (event: Pick<EventDraft, 'type' | 'object'>): Promise<void> => watch.tell([event])
  const registry = createStorePeople({
    ...{ database, changed },
    report: (error) => warn('identity.not-refreshed', { error }),
  })
  const remember = (memory: IdentityMemory): void => {
    memories.push(memory)
  }
  return { people, keyring, watch, registry, remember, changed }
}
