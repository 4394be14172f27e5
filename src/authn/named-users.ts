/** Principals whom something else names than a token of their own: only those who are known already, and still welcome. */
import type { Principal } from '#model/access.ts'
import type { IdentityMemory } from './identity-memory.ts'
import type { Admission } from './people.ts'
import { createRemembered } from './remembered.ts'

export interface NamedUsers {
  /** By the whole id, byte for byte; undefined where no such user is known and welcome. Nobody is registered by it. */
  find(id: string): Principal | undefined | Promise<Principal | undefined>
  /** As `find`; also a service account of the gateway. */
  findAny(id: string): Principal | undefined | Promise<Principal | undefined>
}

export interface NamedUsersDeps {
  /** Undefined where nobody is known by the id. */
  readonly find: (id: string) => Promise<Admission | undefined>
}

interface Found {
  readonly id: string
  readonly principal: Principal | undefined
}

const mostKnown = 50_000

const onlyUser = (found: Principal | undefined): Principal | undefined =>
  found?.kind === 'user' ? found : undefined

export const createNamedUsers = ({ find }: NamedUsersDeps): NamedUsers & IdentityMemory => {
  const remembered = createRemembered<Found>(mostKnown, ({ principal }) => principal !== undefined)
  const look = async (id: string): Promise<Found> => {
    const admission = await find(id)
    return { id, principal: admission?.welcome ? { kind: admission.kind, id } : undefined }
  }
  const findAny: NamedUsers['findAny'] = (id) => {
    const known = remembered.get(id)
    return known ? known.principal : remembered.look(id, () => look(id)).then(({ principal }) => principal)
  }
  return {
    find: (id) => {
      const found = findAny(id)
      return found instanceof Promise ? found.then(onlyUser) : onlyUser(found)
    },
    findAny,
    drop: ({ type, object }) => {
      if (type.startsWith('project.')) remembered.clear()
      else remembered.drop(({ id }) => id === object)
    },
    clear: remembered.clear,
  }
}
