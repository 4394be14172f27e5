/** What a provisioning system says of a user, as far as we keep it: a closed list, so that nothing else gets in. */

import { checkText } from '#model/identifier.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'
import type { ProvisionDraft, ProvisionedUser } from '#store/provisioned-users.ts'
import { ScimRefusal } from './refusal.ts'

export type Parts = Readonly<Record<string, string | boolean>>

export interface UserAttributes {
  readonly userName?: string
  readonly externalId?: string
  readonly active?: boolean
  /** Plain text by attribute. */
  readonly texts: Readonly<Record<string, string>>
  readonly name: Parts
  /** Lists by attribute: `emails`, `phoneNumbers`. */
  readonly lists: Readonly<Record<string, readonly Parts[]>>
}

const byLowerCase = (names: readonly string[]): ReadonlyMap<string, string> =>
  new Map(names.map((name) => [name.toLowerCase(), name]))

export const textAttributes = byLowerCase([
  'displayName',
  'nickName',
  'title',
  'userType',
  'preferredLanguage',
  'locale',
  'timezone',
])
export const nameParts = byLowerCase([
  'formatted',
  'familyName',
  'givenName',
  'middleName',
  'honorificPrefix',
  'honorificSuffix',
])
export const listAttributes = byLowerCase(['emails', 'phoneNumbers'])
export const itemParts = byLowerCase(['value', 'type', 'display', 'primary'])

const longestText = 1_024
const longestKey = 500
const mostItems = 50

const invalid = (what: string): ScimRefusal => new ScimRefusal('invalidValue', `Invalid ${what}`)

const readText = (value: JsonValue | undefined, what: string): string => {
  if (typeof value !== 'string' || value.length > longestText) throw invalid(what)
  checkText(value, what)
  return value
}

/** Azure writes `"True"` and `"False"`. */
const readTruth = (value: JsonValue | undefined, what: string): boolean => {
  if (typeof value === 'boolean') return value
  const text = typeof value === 'string' ? value.toLowerCase() : ''
  if (text !== 'true' && text !== 'false') throw invalid(what)
  return text === 'true'
}

/** Those parts that are known; the others are passed over, as are empty ones. */
export const readParts = (
  value: JsonValue | undefined,
  known: ReadonlyMap<string, string>,
  what: string,
): Parts => {
  if (!isJsonObject(value)) throw invalid(what)
  const parts: Record<string, string | boolean> = {}
  for (const [key, part] of Object.entries(value)) {
    const name = known.get(key.toLowerCase())
    if (name === undefined || part === null) continue
    parts[name] = name === 'primary' ? readTruth(part, `${what}.${name}`) : readText(part, `${what}.${name}`)
  }
  return parts
}

export const readItems = (value: JsonValue | undefined, what: string): readonly Parts[] => {
  const items = Array.isArray(value) ? value : [value]
  if (items.length > mostItems) throw invalid(`${what}: more than ${mostItems}`)
  return items
    .map((item: JsonValue) =>
      typeof item === 'string' ? { value: readText(item, what) } : readParts(item, itemParts, what),
    )
    .filter((item) => Object.keys(item).length > 0)
}

const nothing: UserAttributes = { texts: {}, name: {}, lists: {} }

const withList = (attributes: UserAttributes, name: string, items: readonly Parts[]): UserAttributes => ({
  ...attributes,
  lists: { ...attributes.lists, [name]: items },
})

/** Sets what `attribute` (in lower case) is; what we do not keep is passed over (RFC 7644, 3.3). */
export const withAttribute = (
  attributes: UserAttributes,
  attribute: string,
  value: JsonValue,
): UserAttributes => {
  const text = textAttributes.get(attribute)
  if (text !== undefined)
    return { ...attributes, texts: { ...attributes.texts, [text]: readText(value, text) } }
  const list = listAttributes.get(attribute)
  if (list !== undefined) return withList(attributes, list, readItems(value, list))
  switch (attribute) {
    case 'username':
      return { ...attributes, userName: readText(value, 'userName') }
    case 'externalid':
      return { ...attributes, externalId: readText(value, 'externalId') }
    case 'active':
      return { ...attributes, active: readTruth(value, 'active') }
    case 'name':
      return { ...attributes, name: readParts(value, nameParts, 'name') }
    default:
      return attributes
  }
}

/** A whole user, as of POST and PUT: what is left out is not there. */
export const readUser = (body: JsonObject): UserAttributes => {
  let attributes = nothing
  for (const [key, value] of Object.entries(body))
    if (value !== null) attributes = withAttribute(attributes, key.toLowerCase(), value)
  return attributes
}

interface Profile {
  readonly texts?: UserAttributes['texts']
  readonly name?: Parts
  readonly lists?: UserAttributes['lists']
}

/** Of whoever was never provisioned: what the token told. */
const toldByToken = ({ name, email }: ProvisionedUser): Profile => ({
  texts: { displayName: name },
  lists: email === null ? {} : { emails: [{ value: email, primary: true }] },
})

export const attributesOf = (user: ProvisionedUser): UserAttributes => {
  const profile = (user.profile as Profile | null) ?? toldByToken(user)
  return {
    userName: user.userName,
    ...(user.externalId === null ? {} : { externalId: user.externalId }),
    active: user.active,
    texts: profile.texts ?? {},
    name: profile.name ?? {},
    lists: profile.lists ?? {},
  }
}

const fullName = ({ givenName, familyName }: Parts): string =>
  [givenName, familyName].filter((part) => part !== undefined && part !== '').join(' ')

const displayOf = ({ texts, name, userName = '' }: UserAttributes): string =>
  texts['displayName'] || String(name['formatted'] ?? '') || fullName(name) || userName

const emailOf = ({ lists }: UserAttributes): string | null => {
  const emails = lists['emails'] ?? []
  const chosen = emails.find(({ primary }) => primary === true) ?? emails[0]
  return typeof chosen?.['value'] === 'string' && chosen['value'] !== '' ? chosen['value'] : null
}

const visible = /^[^\p{C}]+$/u

/** What identifies somebody has to be seen whole. */
const readKey = (text: string | undefined, what: string): string => {
  if (text === undefined || text.length > longestKey || !visible.test(text)) throw invalid(what)
  return text
}

const largestProfile = 64 * 1024

const checkSize = (profile: Profile): Profile => {
  if (Object.values(profile.lists ?? {}).some((items) => items.length > mostItems))
    throw invalid(`list: more than ${mostItems}`)
  if (JSON.stringify(profile).length > largestProfile) throw invalid('user: too large')
  return profile
}

/** BadRequest without a user name. */
export const draftOf = (attributes: UserAttributes): ProvisionDraft => ({
  userName: readKey(attributes.userName, 'userName'),
  externalId: attributes.externalId === undefined ? null : readKey(attributes.externalId, 'externalId'),
  active: attributes.active ?? true,
  name: displayOf(attributes),
  email: emailOf(attributes),
  profile: checkSize({ texts: attributes.texts, name: attributes.name, lists: attributes.lists }),
})
