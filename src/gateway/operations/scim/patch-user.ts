/** The steps of a PATCH on what we keep of a user. */
import { type Filter, filter as testerOf } from 'scim2-parse-filter'
import type { JsonValue } from '#model/json.ts'
import { checkWhole, type PatchStep } from './patch.ts'
import { ScimRefusal } from './refusal.ts'
import {
  itemParts,
  listAttributes,
  nameParts,
  type Parts,
  readItems,
  readParts,
  textAttributes,
  type UserAttributes,
  withAttribute,
} from './user-attributes.ts'

const without = <T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== name))

/** What is no part of ours is not there to be taken away. */
const withoutPart = (parts: Parts, asked: string, known: ReadonlyMap<string, string>): Parts => {
  const part = known.get(asked)
  return part === undefined ? parts : without(parts, part)
}

const setName = (attributes: UserAttributes, { op, path, value }: PatchStep): UserAttributes => {
  const { part, ...whole } = path
  checkWhole(whole)
  if (op === 'remove' || value === null)
    return {
      ...attributes,
      name: part === undefined ? {} : withoutPart(attributes.name, part, nameParts),
    }
  const given = path.part === undefined ? value : { [path.part]: value }
  return { ...attributes, name: { ...attributes.name, ...readParts(given, nameParts, 'name') } }
}

/** What a filter of equalities says of an item that fits it. */
const foretold = (filter: Filter): Readonly<Record<string, JsonValue>> => {
  if (filter.op === 'and') return Object.assign({}, ...filter.filters.map(foretold))
  return filter.op === 'eq' ? { [filter.attrPath]: filter.compValue } : {}
}

const onePrimary = (items: readonly Parts[], chosen: readonly Parts[]): readonly Parts[] =>
  chosen.some(({ primary }) => primary === true)
    ? items.map((item) => (chosen.includes(item) ? item : { ...item, primary: false }))
    : items

/** Without a filter every item is meant. */
const fitterOf = ({ filter }: PatchStep['path']): ((item: Parts) => boolean) =>
  filter === undefined ? () => true : testerOf(filter)

const removeItems = (items: readonly Parts[], { path }: PatchStep): readonly Parts[] => {
  const fits = fitterOf(path)
  const { part } = path
  return items.flatMap((item) => {
    if (!fits(item)) return [item]
    return part === undefined ? [] : [withoutPart(item, part, itemParts)]
  })
}

const firstOf = ({ filter, attribute }: PatchStep['path']): Parts => {
  if (filter === undefined) return {}
  const parts = readParts(foretold(filter), itemParts, attribute)
  if (Object.keys(parts).length === 0) throw new ScimRefusal('noTarget', `No ${attribute} fits the filter`)
  return parts
}

/** What does not exist yet is made as the filter says: so Azure adds the address of a kind. */
const changeItems = (items: readonly Parts[], { path, value }: PatchStep): readonly Parts[] => {
  const fits = fitterOf(path)
  const change = readParts(
    path.part === undefined ? value : { [path.part]: value },
    itemParts,
    path.attribute,
  )
  const made = items.some((item) => fits(item)) ? items : [...items, firstOf(path)]
  const changed: Parts[] = []
  const all = made.map((item, at) => {
    if (!fits(item) && at < items.length) return item
    const next = { ...item, ...change }
    changed.push(next)
    return next
  })
  return onePrimary(
    all.filter((item) => Object.keys(item).length > 0),
    changed,
  )
}

const sameItem = (a: Parts, b: Parts): boolean => a['value'] === b['value'] && a['type'] === b['type']

const setItems = (items: readonly Parts[], step: PatchStep): readonly Parts[] => {
  const { op, path, value } = step
  if (op === 'remove' || value === null) return removeItems(items, step)
  if (path.filter !== undefined || path.part !== undefined) return changeItems(items, step)
  const given = readItems(value, path.attribute)
  if (op === 'replace') return given
  const kept = items.filter((item) => !given.some((one) => sameItem(one, item)))
  return onePrimary([...kept, ...given], given)
}

const forget = (attributes: UserAttributes, attribute: string): UserAttributes => {
  const text = textAttributes.get(attribute)
  if (text !== undefined) return { ...attributes, texts: without(attributes.texts, text) }
  if (attribute === 'externalid') {
    const { externalId: _, ...rest } = attributes
    return rest
  }
  if (attribute === 'username' || attribute === 'active')
    throw new ScimRefusal('mutability', `${attribute} cannot be removed`)
  return attributes
}

const isSimple = (attribute: string): boolean =>
  textAttributes.has(attribute) || ['username', 'externalid', 'active'].includes(attribute)

const applyStep = (attributes: UserAttributes, step: PatchStep): UserAttributes => {
  const { op, path, value } = step
  if (path.attribute === 'name') return setName(attributes, step)
  const list = listAttributes.get(path.attribute)
  if (list !== undefined) {
    const items = setItems(attributes.lists[list] ?? [], step)
    return { ...attributes, lists: { ...attributes.lists, [list]: items } }
  }
  if (isSimple(path.attribute)) checkWhole(path)
  if (op === 'remove' || value === null) return forget(attributes, path.attribute)
  return withAttribute(attributes, path.attribute, value)
}

export const patchUser = (attributes: UserAttributes, steps: readonly PatchStep[]): UserAttributes =>
  steps.reduce(applyStep, attributes)
