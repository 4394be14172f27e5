/** What the claims of a verified token say of its bearer. */
import type { Identity } from './identity.ts'
import { refusedBy } from './refusal.ts'

export type Claims = Readonly<Record<string, unknown>>

export interface ClaimRules {
  /** First part of the ids and groups. */
  readonly provider: string
  /** The first of these that is present is the subject. */
  readonly subjectClaims: readonly string[]
  /** Dotted paths of the claims that list roles; undefined where none is read. */
  readonly rolesClaim: string | readonly string[] | undefined
  /** E.g. `Robot {client_id}`: for whoever has no name. */
  readonly nameTemplate: string | undefined
}

const longestSubject = 512
const mostGroups = 1_000

/**
 * What cannot be seen, or is seen as something else: control and format characters, separators other than the space,
 * lone surrogates, private and unassigned code points, and the mark that stands for bytes that were no text. Letters that merely look alike stay what they are: an id is
 * compared byte for byte and never normalised.
 */
const unseen = /[\p{C}\p{Zl}\p{Zp}\ufffd]|[^\P{Zs} ]/u

const isPlain = (text: string): boolean =>
  text !== '' && text.length <= longestSubject && text.trim() === text && !unseen.test(text)

/** NotAuthorized where it is no text, empty, too long, or holds what cannot be seen. */
export const checkSubject = (value: unknown): string => {
  if (typeof value !== 'string' || !isPlain(value)) throw refusedBy('subject', 'no usable subject')
  return value
}

/** The value at a dotted path. A claim's own name may hold dots (`https://corp.example/roles`): the longest wins. */
export const claimAt = (claims: unknown, path: string): unknown => {
  if (typeof claims !== 'object' || claims === null) return undefined
  if (Object.hasOwn(claims, path)) return (claims as Claims)[path]
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const head = path.slice(0, dot)
    if (Object.hasOwn(claims, head)) return claimAt((claims as Claims)[head], path.slice(dot + 1))
  }
  return undefined
}

const textAt = (claims: Claims, name: string): string | undefined => {
  const value = claimAt(claims, name)
  return typeof value === 'string' && value.length <= longestSubject && isPlain(value.trim())
    ? value.trim()
    : undefined
}

/** Names as one text, a list of texts, or words between spaces. */
export const namesOf = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** Roles by their exact names; what is no usable name gives no role. */
export const groupsOf = (provider: string, value: unknown): readonly string[] => {
  const listed = typeof value === 'string' ? [value] : namesOf(value)
  const names = new Set(listed.slice(0, mostGroups).filter(isPlain))
  return [...names].map((name) => `${provider}~${name}`)
}

/** Entra ID names no group at all where there are too many: it says so by these, and where they could be asked for. */
const areElsewhere = (claims: Claims, path: string): boolean => {
  const [top = ''] = path.split('.')
  const sources = claims['_claim_names']
  const isSourced = typeof sources === 'object' && sources !== null && Object.hasOwn(sources, top)
  return isSourced || (top === 'groups' && String(claims['hasgroups']) === 'true')
}

/** Whether its provider holds roles of the bearer back. They are not fetched: the token says from where. */
export const lacksRoles = (claims: Claims, { rolesClaim }: ClaimRules): boolean =>
  rolesClaim !== undefined && [rolesClaim].flat().some((path) => areElsewhere(claims, path))

/** The first of these claims that a token has: others below it never stand in for one that does not fit. */
export const firstOf = (claims: Claims, names: readonly string[]): { name: string; value: unknown } => {
  for (const name of names) {
    const value = claimAt(claims, name)
    if (value !== undefined && value !== null) return { name, value }
  }
  return { name: '', value: undefined }
}

/** An address is whose it is only where its provider has found that out: elsewhere anybody writes what they like. */
const subjectOf = (claims: Claims, names: readonly string[]): string => {
  const { name, value } = firstOf(claims, names)
  if (name === 'email' && String(claims['email_verified']) !== 'true')
    throw refusedBy('subject', 'the address is not verified')
  return checkSubject(value)
}

const valuesOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

/** NotAuthorized where one of the paths holds none of its values. */
export const checkRequired = (
  claims: Claims,
  required: Readonly<Record<string, readonly string[]>>,
): void => {
  for (const [path, wanted] of Object.entries(required)) {
    const found = valuesOf(claimAt(claims, path)).filter((value) => typeof value !== 'object')
    if (!found.some((value) => wanted.includes(String(value))))
      throw refusedBy('claim', `it lacks the value that ${path} has to have`)
  }
}

const rolesOf = (claims: Claims, { provider, rolesClaim }: ClaimRules): readonly string[] => {
  const found = (rolesClaim === undefined ? [] : [rolesClaim].flat()).flatMap((path) =>
    groupsOf(provider, claimAt(claims, path)),
  )
  return [...new Set(found)].slice(0, mostGroups)
}

const humanName = (claims: Claims): string | undefined => {
  const given = textAt(claims, 'given_name') ?? textAt(claims, 'first_name')
  const family = textAt(claims, 'family_name') ?? textAt(claims, 'last_name')
  return given === undefined || family === undefined ? undefined : `${given} ${family}`
}

const templated = (claims: Claims, template: string): string | undefined => {
  let complete = true
  const text = template.replace(/\{([^{}]+)\}/g, (_all, path: string) => {
    const value = textAt(claims, path)
    complete &&= value !== undefined
    return value ?? ''
  })
  return complete && isPlain(text) ? text : undefined
}

const nameOf = (claims: Claims, template: string | undefined): string | undefined =>
  textAt(claims, 'name') ??
  humanName(claims) ??
  textAt(claims, 'app_displayname') ??
  textAt(claims, 'preferred_username') ??
  textAt(claims, 'username') ??
  (template === undefined ? undefined : templated(claims, template))

const emailOf = (claims: Claims): string | undefined => {
  const address = (name: string): string | undefined => {
    const text = textAt(claims, name)
    return text?.includes('@') ? text : undefined
  }
  return textAt(claims, 'email') ?? address('upn') ?? address('preferred_username')
}

/** How providers mark what has logged in by itself: Entra ID, Auth0, Keycloak. */
const saysApplication = (claims: Claims): boolean =>
  claims['idtyp'] === 'app' ||
  claims['gty'] === 'client-credentials' ||
  (claims['appidacr'] !== undefined && claims['upn'] === undefined && claims['scp'] === undefined) ||
  String(claims['preferred_username'] ?? claims['username'] ?? '').startsWith('service-account-')

/** How providers mark a person in tokens that hold no name: Okta, Amazon Cognito. */
const saysPerson = (claims: Claims): boolean =>
  (claims['cid'] !== undefined && claims['uid'] !== undefined) || textAt(claims, 'username') !== undefined

/** Whoever has a person's name or address is one; a token of client credentials has none, or its client's id as subject. */
const userTypeOf = (claims: Claims): Identity['userType'] => {
  if (saysApplication(claims)) return 'application'
  const client = claims['client_id'] ?? claims['azp'] ?? claims['appid'] ?? claims['cid']
  if (client !== undefined && client === claims['sub']) return 'application'
  const named = humanName(claims) ?? textAt(claims, 'name') ?? emailOf(claims)
  return named !== undefined || saysPerson(claims) ? 'human' : 'application'
}

/** NotAuthorized where the claims name no usable subject. */
export const identityOf = (
  claims: Claims,
  rules: ClaimRules,
): Omit<Identity, 'expiresAt' | 'believedForMs'> => {
  const name = nameOf(claims, rules.nameTemplate)
  const email = emailOf(claims)
  return {
    kind: 'user',
    id: `${rules.provider}~${subjectOf(claims, rules.subjectClaims)}`,
    userType: userTypeOf(claims),
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    groups: rolesOf(claims, rules),
  }
}
