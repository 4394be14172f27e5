/**
 * Trusted engines: a service identity whose word is taken on the user for whom it asks. Who the engine is, is told by
 * its own credentials alone; the header of anybody else is never looked at.
 */
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { NamedUsers } from './named-users.ts'
import { type Check, Refused } from './refusal.ts'

export interface TrustedEngine {
  readonly name: string
  /** Ids of the principals that it signs in as: `provider~subject`. */
  readonly identities: readonly string[]
  /** In lower case. Undefined: it asks for itself. */
  readonly userHeader: string | undefined
  /** The names that it gives are subjects of this provider. */
  readonly userProvider: string
  /** Property of a view that names its definer. */
  readonly ownerProperty: string | undefined
  /** Warehouses by the names of its own catalogs, where they differ. */
  readonly catalogs: Readonly<Record<string, string>>
  /** By which it signs in as the first of `identities`: `sha256:` and a fingerprint in hex, or `cn:` and a name. */
  readonly certificates: readonly string[]
}

/** Of an authority that the configuration lists, in its time of validity; and its client has proved to have the key. */
export interface ClientCertificate {
  /** SHA-256 of the certificate, in hex, lower case. */
  readonly fingerprint: string
  /** Of its subject; undefined where there is none, or more than one. */
  readonly commonName: string | undefined
}

/** Every value of a header, one for each time that it was sent. */
type SentHeaders = (name: string) => readonly string[]

export interface Engines {
  /** By which views name their definers, each once. */
  readonly ownerProperties: readonly string[]
  /** The engine that the principal signed in as, or that acts for it. */
  of(principal: Principal): TrustedEngine | undefined
  /**
   * For whom the request is made: the asker itself where it is no engine or names nobody. Forbidden (403) for a name
   * that is malformed, given twice, or not that of a user who is known and welcome; in the words of one answer.
   */
  actFor(asker: Principal, headers: SentHeaders): Principal | Promise<Principal>
  /** The engine that the certificate belongs to; undefined where that is none, or one that is not known and welcome. */
  certified(certificate: ClientCertificate): Principal | undefined | Promise<Principal | undefined>
  /**
   * The user of that name, with the rights of its records alone; undefined where `actFor` would refuse it. Forbidden
   * (403) for an asker that is no engine.
   */
  named(asker: Principal, name: string): Principal | undefined | Promise<Principal | undefined>
  /** As `named`, for whom the asker is or acts through an engine; undefined instead of a refusal. */
  definer(asker: Principal, name: string): Principal | undefined | Promise<Principal | undefined>
}

export interface EnginesDeps {
  readonly engines: readonly TrustedEngine[]
  readonly users: NamedUsers
}

/**
 * What can be seen and typed. Anything beyond ASCII is refused: letters that look alike are two names, and a header has
 * no encoding. So is a comma, by which two headers become one.
 */
const fitName = /^[\x21-\x2b\x2d-\x7e]{1,256}$/

const refused = (check: Check, id: string): CatalogError =>
  new CatalogError('ForbiddenException', `Not allowed: to act for ${id}`, {
    cause: new Refused(check, 'not a user whom an engine may act for'),
  })

type Found = Principal | undefined | Promise<Principal | undefined>

export const createEngines = ({ engines, users }: EnginesDeps): Engines => {
  const byIdentity = new Map(
    engines.flatMap((engine) => engine.identities.map((id) => [id, engine] as const)),
  )
  const byCertificate = new Map(
    engines.flatMap(({ certificates, identities }) =>
      certificates.map((one) => [one, identities[0]] as const),
    ),
  )
  const byName = new Map(engines.map((engine) => [engine.name, engine] as const))
  const user = (engine: NonNullable<Principal['engine']>, id: string): Found => {
    // An engine that acts for an engine could act for everybody.
    if (byIdentity.has(id)) return undefined
    const conclude = (known: Principal | undefined) => known && { kind: known.kind, id: known.id, engine }
    const found = users.find(id)
    return found instanceof Promise ? found.then(conclude) : conclude(found)
  }
  const find = (asker: Principal, engine: TrustedEngine, name: string): Principal | Promise<Principal> => {
    if (!fitName.test(name)) throw refused('form', 'the user that was named')
    const id = `${engine.userProvider}~${name}`
    const conclude = (known: Principal | undefined): Principal => {
      if (known === undefined) throw refused('person', id)
      return known
    }
    const found = user({ name: engine.name, id: asker.id }, id)
    return found instanceof Promise ? found.then(conclude) : conclude(found)
  }
  const signedIn = ({ kind, id, engine }: Principal): TrustedEngine | undefined =>
    (kind === 'user' || kind === 'service-account') && engine === undefined ? byIdentity.get(id) : undefined
  const of: Engines['of'] = (principal) =>
    principal.engine ? byName.get(principal.engine.name) : signedIn(principal)
  return {
    ownerProperties: [...new Set(engines.flatMap(({ ownerProperty }) => ownerProperty ?? []))],
    of,
    actFor: (asker, headers) => {
      const engine = signedIn(asker)
      if (engine?.userHeader === undefined) return asker
      const [name, ...more] = headers(engine.userHeader)
      if (name === undefined) return asker
      if (more.length > 0) throw refused('form', 'two users at once')
      return find(asker, engine, name)
    },
    certified: ({ fingerprint, commonName }) => {
      const named = commonName === undefined ? undefined : byCertificate.get(`cn:${commonName}`)
      const id = byCertificate.get(`sha256:${fingerprint}`) ?? named
      return id === undefined ? undefined : users.findAny(id)
    },
    named: (asker, name) => {
      const engine = signedIn(asker)
      if (engine === undefined) throw refused('person', 'anybody else')
      if (!fitName.test(name)) return undefined
      return user({ name: engine.name, id: asker.id }, `${engine.userProvider}~${name}`)
    },
    definer: (asker, name) => {
      const engine = of(asker)
      if (engine === undefined || !fitName.test(name)) return undefined
      const { id } = asker.engine ?? asker
      return user({ name: engine.name, id }, `${engine.userProvider}~${name}`)
    },
  }
}
