/** The register of rules, tags and read restrictions on our store. */
import type { RuleSources, TriedRules } from '#authz/cedar/rule-set.ts'
import type { CallContext } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import type { EventDraft } from '#model/event.ts'
import { checkVersion } from '#store/administration.ts'
import type { Database } from '#store/database.ts'
import { holdPlace } from '#store/grant-places.ts'
import type { GrantPlace } from '#store/grants.ts'
import { giveOwnership } from '#store/ownership.ts'
import * as restrictions from '#store/read-restrictions.ts'
import * as ruleSets from '#store/rule-sets.ts'
import { takeTurn } from '#store/server.ts'
import * as assignments from '#store/tag-assignments.ts'
import * as definitions from '#store/tag-definitions.ts'
import { type Change, createChange, type StoreChangeDeps } from '../management/store-change.ts'
import type { GovernanceRegistry, RestrictionRegistry, RuleRegistry, TagRegistry } from './registry.ts'

export interface StoreGovernanceDeps extends StoreChangeDeps {
  /** Reads, validates and tries rules; nothing is stored. */
  readonly tryRules: (sources: RuleSources) => Promise<TriedRules>
  /** SHA-256 of the files. */
  readonly digestOf: (sources: RuleSources) => Buffer
}

type Data = EventDraft['data']

const eventOn = (type: string, { object, warehouseId }: GrantPlace, data: Data = {}): EventDraft => ({
  ...{ type, object, warehouse: warehouseId ?? '' },
  data: { object, ...data },
})

const eventOf = (type: string, { id, projectId, name }: definitions.TagDefinition): EventDraft => ({
  ...{ type, object: id, warehouse: '' },
  data: { project: projectId, name },
})

const refusal = (errors: readonly string[]): CatalogError =>
  new CatalogError('UnprocessableEntityException', `The rules were not applied: ${errors.join('; ')}`)

const rulesOf = (database: Database, deps: StoreGovernanceDeps, change: Change): RuleRegistry => ({
  findRules: (id) => ruleSets.findRuleSet(database, id),
  listRules: (page) => ruleSets.listRuleSets(database, page),
  tryRules: async (sources) => {
    const { rules, ...tried } = await deps.tryRules(sources)
    return { ...tried, rules: Object.keys(rules) }
  },
  applyRules: async (context, sources) => {
    const { rules, errors } = await deps.tryRules(sources)
    if (errors.length > 0) throw refusal(errors)
    return change(context, async (tx) => {
      const draft = { sources, prepared: rules, digest: deps.digestOf(sources) }
      const head = await ruleSets.insertRuleSet(tx, { ...draft, appliedBy: context.principal.id })
      const data = { rules: Object.keys(rules), digest: head.digest }
      const event = { type: 'rule.applied', object: String(head.id), warehouse: '', data }
      return { result: { ...head, sources }, event }
    })
  },
})

const definitionsOf = (
  database: Database,
  change: Change,
): Omit<TagRegistry, 'listTags' | 'listAttachments' | 'setTag' | 'removeTag'> => ({
  listDefinitions: (project, page) => definitions.listTagDefinitions(database, project, page),
  findDefinition: (id) => definitions.findTagDefinition(database, id),
  findNamed: (project, name) => definitions.findTagNamed(database, project, name),
  createDefinition: (context, draft) =>
    change(context, async (tx) => {
      const result = await definitions.insertTagDefinition(tx, draft, context.principal.id)
      const more = await giveOwnership(tx, context.principal, definitions.tagPlace(result))
      return { result, event: eventOf('tag.defined', result), more }
    }),
  updateDefinition: (context, id, changed) =>
    change(context, async (tx) => {
      await takeTurn(tx)
      const before = await definitions.lockTagDefinition(tx, id)
      checkVersion(before, context.version)
      const wanted = { ...changed(before), by: context.principal.id }
      const result = await definitions.updateTagDefinition(tx, before, wanted)
      return { result, event: eventOf('tag.redefined', result) }
    }),
  deleteDefinition: (context, id) =>
    change(context, async (tx) => {
      const { tag, events: more } = await definitions.deleteTagDefinition(tx, id)
      checkVersion(tag, context.version)
      return { result: undefined, event: eventOf('tag.undefined', tag), more }
    }),
})

const tagsOf = (
  database: Database,
  change: Change,
): Pick<TagRegistry, 'listTags' | 'listAttachments' | 'setTag' | 'removeTag'> => ({
  listTags: (objects) => assignments.listTagsOf(database, objects),
  listAttachments: (id, page) => assignments.listAttachments(database, id, page),
  setTag: (context, { place, mounted, tagId, chooseValue }) =>
    change(context, async (tx) => {
      await holdPlace(tx, place, mounted)
      const value = chooseValue(await definitions.lockTagDefinition(tx, tagId))
      const result = await assignments.setTag(tx, place, { tagId, value, by: context.principal.id })
      return { result, event: eventOn('tag.set', place, { tag: result.name, value }) }
    }),
  removeTag: (context, { place, tagId, name }) =>
    change(context, async (tx) => {
      if (!(await assignments.removeTag(tx, place.object, tagId)))
        throw new CatalogError('NotFoundException', `The object does not have the tag ${name}`)
      return { result: undefined, event: eventOn('tag.removed', place, { tag: name }) }
    }),
})

const restrictionsOf = (database: Database, change: Change): RestrictionRegistry => ({
  findRestriction: (object) => restrictions.findRestriction(database, object),
  setRestriction: (context: CallContext, { place, mounted }, restriction) =>
    change(context, async (tx) => {
      await holdPlace(tx, place, mounted)
      const draft = { ...restriction, by: context.principal.id }
      const result = await restrictions.setRestriction(tx, place, draft)
      return { result, event: eventOn('restriction.set', place) }
    }),
  removeRestriction: (context, { place }) =>
    change(context, async (tx) => {
      if (!(await restrictions.removeRestriction(tx, place.object)))
        throw new CatalogError('NotFoundException', 'The table has no read restriction')
      return { result: undefined, event: eventOn('restriction.removed', place) }
    }),
})

export const createStoreGovernance = (deps: StoreGovernanceDeps): GovernanceRegistry => {
  const { database } = deps
  const change = createChange(deps)
  return {
    ...rulesOf(database, deps, change),
    ...definitionsOf(database, change),
    ...tagsOf(database, change),
    ...restrictionsOf(database, change),
  }
}
