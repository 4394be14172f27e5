/** Who is known, and still welcome: from memory for whoever was seen lately, else from the records. */
import type { Principal } from '#model/access.ts'
import type { Identity, People } from './identity.ts'
import type { IdentityMemory } from './identity-memory.ts'
import type { LastSight } from './last-sight.ts'
import { refusedBy } from './refusal.ts'
import { createRemembered } from './remembered.ts'

export interface Admission {
  readonly kind: Identity['kind']
  /** Neither deactivated nor deleted; the key, where one was named, is its own and is still worth something. */
  readonly welcome: boolean
}

interface Newcomer {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly userType: Identity['userType']
}

/** What is recorded of people. Each rejects where the records cannot be asked. */
export interface PeopleRecords {
  /** Undefined where nobody is known by the id. */
  find(id: string, keyId: string | undefined): Promise<Admission | undefined>
  /** Nothing happens where it is there already. */
  register(newcomer: Newcomer): Promise<void>
}

export interface PeopleDeps {
  readonly records: PeopleRecords
  readonly seen: LastSight
  readonly used: LastSight
}

interface Known extends Admission {
  readonly id: string
  readonly keyId: string | undefined
  /** Of the identity that came last, so that the same one gets the same principal. */
  identity: Identity | undefined
  principal: Principal | undefined
}

const mostKnown = 50_000
const longestId = 640

/** Of our own service accounts: no provider gives such ids, so none of its users can become one. */
export const ownProvider = 'lakegate'

/** Of whoever has the id. */
export const kindOf = (id: string): Identity['kind'] =>
  id.slice(0, id.indexOf('~')) === ownProvider ? 'service-account' : 'user'

/** Controls, among them what a database cannot hold, and halves of letters: no provider has a reason for them. */
const unfit = /[\p{Cc}\p{Cs}]/u

const isFit = ({ id, kind }: Identity): boolean => {
  const at = id.indexOf('~')
  return at > 0 && at < id.length - 1 && id.length <= longestId && !unfit.test(id) && kindOf(id) === kind
}

const longestName = 256

const newcomerOf = ({ id, name, email, userType }: Identity): Newcomer => ({
  id,
  name: (name ?? '').trim().slice(0, longestName).toWellFormed() || `Nameless App with ID ${id}`,
  email: email?.slice(0, longestName).toWellFormed() || null,
  userType,
})

const principalOf = (identity: Identity): Principal => ({
  kind: identity.kind,
  id: identity.id,
  ...(identity.groups.length > 0 ? { groups: identity.groups } : {}),
})

const unknown: Admission = { kind: 'service-account', welcome: false }

/** Users come from providers, service accounts from ourselves: only the former are registered on first sight. */
const findOrRegister = async (records: PeopleRecords, identity: Identity): Promise<Admission> => {
  const { id, keyId, kind } = identity
  const found = await records.find(id, keyId)
  if (found !== undefined || kind !== 'user') return found ?? unknown
  await records.register(newcomerOf(identity))
  return (await records.find(id, keyId)) ?? unknown
}

/** Kept apart by key: each of an account's keys ends by itself. The id of a key is a uuid, and no uuid is a principal. */
const keyOf = ({ id, keyId }: Identity): string => keyId ?? id

export const createPeople = ({ records, seen, used }: PeopleDeps): People & IdentityMemory => {
  const remembered = createRemembered<Known>(mostKnown)
  const look = async (identity: Identity): Promise<Known> => {
    const { id, keyId } = identity
    const found = await findOrRegister(records, identity)
    return { ...found, id, keyId, identity: undefined, principal: undefined }
  }
  const admitKnown = (known: Known, identity: Identity): Principal => {
    if (!known.welcome || known.kind !== identity.kind || known.id !== identity.id)
      throw refusedBy('person', 'deactivated, deleted, or the key is revoked')
    seen.note(known.id)
    if (known.keyId !== undefined) used.note(known.keyId)
    if (known.identity !== identity || known.principal === undefined) {
      known.identity = identity
      known.principal = principalOf(identity)
    }
    return known.principal
  }
  return {
    admit: (identity) => {
      const key = keyOf(identity)
      const known = remembered.get(key)
      if (known !== undefined) return admitKnown(known, identity)
      if (!isFit(identity)) throw refusedBy('subject', 'no id of a principal')
      return remembered.look(key, () => look(identity)).then((found) => admitKnown(found, identity))
    },
    drop: ({ type, object }) => {
      if (type.startsWith('project.')) remembered.clear()
      else remembered.drop(({ id, keyId }) => id === object || keyId === object)
    },
    clear: remembered.clear,
  }
}
