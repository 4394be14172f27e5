/** What the claims of a verified token say of its bearer. */
import type { Identity } from './identity.ts'
import { refusedBy } from './refusal.ts'

export type Claims = Readonly<Record<string, unknown>>

export interface ClaimRules {
  /** First part of the ids and groups. */
  readonly provider: string
  /** The first of these that is present is the subject. */
  readonly subjectClaims: readonly string[]
  /** Dotted path of the claim that lists roles; undefined where none is read. */
  readonly rolesClaim: string | undefined
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

const subjectOf = (claims: Claims, names: readonly string[]): string => {
  const present = names
    .map((name) => claimAt(claims, name))
    .find((value) => value !== undefined && value !== null)
  return checkSubject(present)
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
  String(claims['preferred_username'] ?? '').startsWith('service-account-')

/** Whoever has a person's name or address is one; a token of client credentials has none, or its client's id as subject. */
const userTypeOf = (claims: Claims): Identity['userType'] => {
  if (saysApplication(claims)) return 'application'
  const client = claims['client_id'] ?? claims['azp'] ?? claims['appid']
  if (client !== undefined && client === claims['sub']) return 'application'
  return (humanName(claims) ?? textAt(claims, 'name') ?? emailOf(claims)) ? 'human' : 'application'
}

/** NotAuthorized where the claims name no usable subject. */
export const identityOf = (
  claims: Claims,
  rules: ClaimRules,
): Omit<Identity, 'expiresAt' | 'believedForMs'> => {
  const name = nameOf(claims, rules.nameTemplate)
  const email = emailOf(claims)
  const roles = rules.rolesClaim === undefined ? undefined : claimAt(claims, rules.rolesClaim)
  return {
    kind: 'user',
    id: `${rules.provider}~${subjectOf(claims, rules.subjectClaims)}`,
    userType: userTypeOf(claims),
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    groups: groupsOf(rules.provider, roles),
  }
}
