/**
 * The port: where rules, tags and read restrictions are recorded. Every change writes its receipt in its own
 * transaction, and is in force here when it returns.
 */
import type { RuleSources } from '#authz/cedar/rule-set.ts'
import type { CallContext } from '#catalog/catalog.ts'
import type { ReadRestriction } from '#model/access.ts'
import type { ObjectKey } from '#model/object-key.ts'
import type { GrantPlace } from '#store/grants.ts'
import type { RestrictionRecord } from '#store/read-restrictions.ts'
import type { RuleSetHead, RuleSetRecord } from '#store/rule-sets.ts'
import type { AttachmentPage, TagAssignment, TagAttachment } from '#store/tag-assignments.ts'
import type { TagChange, TagDefinition, TagDraft, TagPage } from '#store/tag-definitions.ts'

/** What came of trying a set of rules. */
export interface RulesTrial {
  readonly rules: readonly string[]
  readonly decisions: number
  /** Empty where the set may be taken. */
  readonly errors: readonly string[]
}

export interface RuleRegistry {
  /** NotFound where there is none of the id; without one, the set in force. */
  findRules(id?: number): Promise<RuleSetRecord>
  /** The newest first. */
  listRules(page: { readonly before?: number; readonly limit: number }): Promise<readonly RuleSetHead[]>
  /** Nothing is stored. */
  tryRules(sources: RuleSources): Promise<RulesTrial>
  /** UnprocessableEntity with the reasons where the set fails; the one in force stays. */
  applyRules(context: CallContext, sources: RuleSources): Promise<RuleSetRecord>
}

/** An object that something is set on. */
interface Place {
  readonly place: GrantPlace
  /** Lies behind a connection. */
  readonly mounted: boolean
}

export interface TagRegistry {
  listDefinitions(projectId: string, page: TagPage): Promise<readonly TagDefinition[]>
  findDefinition(id: string): Promise<TagDefinition | undefined>
  /** In any letter case. */
  findNamed(projectId: string, name: string): Promise<TagDefinition | undefined>
  /** AlreadyExists for a name that another has, in any letter case. */
  createDefinition(context: CallContext, draft: TagDraft): Promise<TagDefinition>
  /** `change` is asked with the definition as it stands, locked. NotFound, AlreadyExists, PreconditionFailed. */
  updateDefinition(
    context: CallContext,
    id: string,
    change: (before: TagDefinition) => TagChange,
  ): Promise<TagDefinition>
  /** NotFound; Conflict while anything has the tag. */
  deleteDefinition(context: CallContext, id: string): Promise<void>
  listTags(objects: readonly ObjectKey[]): Promise<readonly TagAssignment[]>
  listAttachments(tagId: string, page: AttachmentPage): Promise<readonly TagAttachment[]>
  /** `chooseValue` is asked with the definition as it stands, locked. NotFound where definition or object have gone. */
  setTag(
    context: CallContext,
    at: Place & { readonly tagId: string; readonly chooseValue: (definition: TagDefinition) => string },
  ): Promise<TagAssignment>
  /** NotFound where the object does not have it. */
  removeTag(
    context: CallContext,
    at: Place & { readonly tagId: string; readonly name: string },
  ): Promise<void>
}

export interface RestrictionRegistry {
  findRestriction(object: ObjectKey): Promise<RestrictionRecord | undefined>
  /** NotFound where the object has gone. */
  setRestriction(context: CallContext, at: Place, restriction: ReadRestriction): Promise<RestrictionRecord>
  /** NotFound where there is none. */
  removeRestriction(context: CallContext, at: Place): Promise<void>
}

export interface GovernanceRegistry extends RuleRegistry, TagRegistry, RestrictionRegistry {}
