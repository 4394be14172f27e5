/**
 * Whether somebody may commit: a check names the kinds of its updates, as Lakekeeper's do, or the updates themselves, and
 * is answered as such a commit would be.
 */
import { type Static, Type } from 'typebox'
import type { Authorizer, Circumstances } from '#authz/authorizer.ts'
import { commitNeeds } from '#authz/commit-needs.ts'
import type { ContentResource, Need, Principal } from '#model/access.ts'
import type { JsonObject, JsonValue } from '#model/json.ts'

const texts = Type.Optional(Type.Array(Type.String({ maxLength: 1_024 }), { maxItems: 1_000 }))
const objects = Type.Optional(Type.Array(Type.Unsafe<JsonValue>({}), { maxItems: 1_000 }))

export const commitMembers = {
  update_kinds: texts,
  target_refs: texts,
  updated_properties: Type.Optional(Type.Record(Type.String(), Type.String())),
  removed_properties: texts,
  // Ours: with these, what can be told of appends and branches is told.
  updates: objects,
  requirements: objects,
}
const said = Type.Object(commitMembers)

type Said = Static<typeof said>

export interface CheckedCommit {
  readonly requirements?: JsonValue
  readonly updates: JsonValue
}

const ofRefs: ReadonlySet<string> = new Set(['set-snapshot-ref', 'remove-snapshot-ref'])

/** As little is known of an update of the kind as the check says: what is not said needs more, never less. */
const updatesOf = (kind: string, { target_refs = [], ...more }: Said): readonly JsonObject[] => {
  if (ofRefs.has(kind) && target_refs.length > 0)
    return target_refs.map((ref) => ({ action: kind, 'ref-name': ref }))
  if (kind === 'set-properties') return [{ action: kind, updates: { ...more.updated_properties } }]
  return kind === 'remove-properties'
    ? [{ action: kind, removals: [...(more.removed_properties ?? [])] }]
    : [{ action: kind }]
}

const kindsIn = ({ update_kinds = [], updated_properties = {}, removed_properties = [] }: Said) => {
  const kinds = new Set(update_kinds.map((kind) => kind.toLowerCase()))
  if (Object.keys(updated_properties).length > 0) kinds.add('set-properties')
  if (removed_properties.length > 0) kinds.add('remove-properties')
  return [...kinds]
}

/** Undefined where nothing is said of what it does: whoever may commit so may commit anything. */
export const commitIn = (action: Said): CheckedCommit | undefined => {
  const { updates, requirements } = action
  if (updates !== undefined) return { updates, ...(requirements === undefined ? {} : { requirements }) }
  const kinds = kindsIn(action)
  return kinds.length === 0 ? undefined : { updates: kinds.flatMap((kind) => updatesOf(kind, action)) }
}

export interface CommitQuestion {
  readonly principal: Principal
  readonly resource: ContentResource
  readonly commit: CheckedCommit
}

/** As the request would be known, by rules that look at it. */
const operations = { table: 'updateTable', view: 'replaceView' } as const

const atOnce = 16

/** One answer a question. */
export const mayCommit = async (
  authorizer: Authorizer,
  circumstances: Circumstances,
  questions: readonly CommitQuestion[],
): Promise<readonly boolean[]> => {
  const asked = ({ principal, resource, commit }: CommitQuestion) => {
    const needs = commitNeeds(resource.kind, commit).map((one): Need => ({ ...one, resource }))
    return authorizer.check(principal, needs, { ...circumstances, operation: operations[resource.kind] })
  }
  const answers: boolean[] = []
  for (let at = 0; at < questions.length; at += atOnce) {
    const decisions = await Promise.all(questions.slice(at, at + atOnce).map(asked))
    answers.push(...decisions.map(({ allow }) => allow))
  }
  return answers
}
