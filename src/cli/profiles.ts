/** Profiles: which gateway, which project, and how to sign in; kept in `config.yaml`, which holds references and no secret. */
import Type, { type Static } from 'typebox'
import { parse, stringify } from 'yaml'
import { CatalogError } from '#model/errors.ts'
import { decodeStrictly } from '#model/schema.ts'
import { usageError } from './exit.ts'
import type { Terminal } from './terminal.ts'

const reference = Type.String({ pattern: '^(env|file):.+' })
const closed = { additionalProperties: false } as const

/** A bearer token or an API key; without a reference, the one that `login` has stored. */
const tokenAuth = Type.Object({ kind: Type.Literal('token'), token: Type.Optional(reference) }, closed)

/** Without an issuer, the gateway's own token endpoint; without a reference, the secret that `login` has stored. */
const clientAuth = Type.Object(
  {
    kind: Type.Literal('client-credentials'),
    'client-id': Type.String(),
    'client-secret': Type.Optional(reference),
    issuer: Type.Optional(Type.String()),
    scope: Type.Optional(Type.String()),
  },
  closed,
)

/** A person, by an OpenID Connect provider. */
const oidcAuth = Type.Object(
  {
    kind: Type.Literal('oidc'),
    issuer: Type.String(),
    'client-id': Type.String(),
    scope: Type.Optional(Type.String()),
  },
  closed,
)

export type Auth = Static<typeof tokenAuth> | Static<typeof clientAuth> | Static<typeof oidcAuth>

const profileSchema = Type.Object(
  {
    server: Type.Optional(Type.String()),
    project: Type.Optional(Type.String()),
    /** Files (PEM). */
    'client-certificate': Type.Optional(Type.String()),
    'client-key': Type.Optional(Type.String()),
    auth: Type.Optional(Type.Object({ kind: Type.String() })),
  },
  closed,
)

const fileSchema = Type.Object(
  {
    'default-profile': Type.Optional(Type.String()),
    profiles: Type.Optional(Type.Record(Type.String(), profileSchema)),
  },
  closed,
)

const authSchemas = { token: tokenAuth, 'client-credentials': clientAuth, oidc: oidcAuth } as const

export interface Profile {
  readonly server?: string
  readonly project?: string
  readonly 'client-certificate'?: string
  readonly 'client-key'?: string
  readonly auth?: Auth
}

export interface Profiles {
  readonly 'default-profile'?: string
  readonly profiles?: Readonly<Record<string, Profile>>
}

/** `$XDG_CONFIG_HOME/lakegate`, else `~/.config/lakegate`. */
export const configFolder = ({ environment }: Terminal): string => {
  const home = environment['XDG_CONFIG_HOME'] || `${environment['HOME'] ?? '.'}/.config`
  return `${home}/lakegate`
}

const profilesPath = (terminal: Terminal): string => `${configFolder(terminal)}/config.yaml`

const authOf = (raw: { readonly kind: string } | undefined, where: string): Auth | undefined => {
  if (raw === undefined) return undefined
  const { kind } = raw
  if (kind === 'token' || kind === 'client-credentials' || kind === 'oidc')
    return decodeStrictly(authSchemas[kind], raw, where) as Auth
  throw usageError(`${where}.kind must be token, client-credentials or oidc`)
}

const decode = (text: string, path: string): Profiles => {
  const { profiles = {}, ...rest } = decodeStrictly(fileSchema, parse(text) ?? {}, path)
  const named = Object.entries(profiles).map(([name, { auth: raw, ...profile }]): [string, Profile] => {
    const auth = authOf(raw, `${path}: profiles.${name}.auth`)
    return [name, { ...profile, ...(auth === undefined ? {} : { auth }) }]
  })
  return { ...rest, profiles: Object.fromEntries(named) }
}

export const readProfiles = async (terminal: Terminal): Promise<Profiles> => {
  const path = profilesPath(terminal)
  const file = await terminal.files.read(path)
  if (file === undefined) return {}
  try {
    return decode(file.text, path)
  } catch (cause) {
    if (cause instanceof CatalogError) throw usageError(cause.message)
    throw usageError(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

export const writeProfiles = (terminal: Terminal, profiles: Profiles): Promise<void> =>
  terminal.files.write(profilesPath(terminal), stringify(profiles))

const fallbackProfile = 'default'

/** The one asked for, which must be there unless it may be new, or else the default one, which need not be. */
export const findProfile = (
  { profiles = {}, 'default-profile': usual }: Profiles,
  asked: string | undefined,
  options: { readonly mayBeNew: boolean },
): { readonly name: string; readonly profile: Profile } => {
  const name = asked ?? usual ?? fallbackProfile
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile === undefined && asked !== undefined && !options.mayBeNew)
    throw usageError(`There is no profile ${name}: make it with \`lakegate login --profile ${name}\``)
  return { name, profile: profile ?? {} }
}
