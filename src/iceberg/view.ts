/** The metadata engine of views (view specification): create, commit, facts. Pure. */
import type { JsonObject } from '#model/json.ts'
import { asStringMap, optional } from '#model/json-read.ts'
import type { Built, CommitRequest, EngineInputs, MetadataEngine, ViewFacts } from './engine.ts'
import { illegal } from './errors.ts'
import { parseSchema } from './schema.ts'
import { beginView, openView, type ViewDraft } from './view-draft.ts'
import { encodeView, finishView } from './view-finish.ts'
import { parseViewRequirement } from './view-requirements.ts'
import { addSchema, addVersion, parseViewUpdate, setCurrentVersion } from './view-updates.ts'
import { parseViewVersion, withMembers } from './view-version.ts'

const factsOf = ({ values, properties }: ViewDraft): ViewFacts => ({
  uuid: values.uuid,
  formatVersion: values.formatVersion,
  location: values.location,
  currentVersionId: values.currentVersionId,
  properties: Object.assign(Object.create(null), Object.fromEntries(properties.entries())),
})

const build = (draft: ViewDraft): Built<ViewFacts> => {
  finishView(draft)
  return { bytes: encodeView(draft), facts: factsOf(draft), changed: true }
}

/** A missing input is a mistake of ours, not of the client. */
const given = (value: string | undefined, name: string): string => {
  if (value === undefined) throw new Error(`the catalog decides the ${name} of a new view`)
  return value
}

const firstVersionId = 1

const create = (request: JsonObject, inputs: EngineInputs): Built<ViewFacts> => {
  const schema = parseSchema(request['schema'])
  const requested = parseViewVersion(request['view-version'])
  const properties = optional(asStringMap, request['properties'], 'properties') ?? {}
  if (requested.representations.length === 0) throw illegal('Cannot create view without specifying a query')
  const draft = beginView(given(inputs.uuid, 'uuid'), given(inputs.location, 'location'), inputs.now)
  for (const [name, value] of Object.entries(properties)) draft.properties.set(name, value)
  const schemaId = addSchema(draft, schema)
  const assigned = { 'version-id': firstVersionId, 'schema-id': schemaId, 'timestamp-ms': inputs.now }
  addVersion(draft, withMembers(requested, assigned))
  setCurrentVersion(draft, firstVersionId)
  return build(draft)
}

const commit = (
  base: { readonly bytes: Uint8Array } | null,
  request: CommitRequest,
  inputs: EngineInputs,
): Built<ViewFacts> => {
  const requirements = (request.requirements ?? []).map(parseViewRequirement)
  const updates = request.updates.map(parseViewUpdate)
  if (base === null) throw illegal('A view cannot be created by a commit')
  const draft = openView(base.bytes, inputs.now)
  for (const check of requirements) check(draft.values)
  for (const apply of updates) apply(draft)
  if (draft.changes.any) return build(draft)
  return { bytes: base.bytes, facts: factsOf(draft), changed: false }
}

const facts = (bytes: Uint8Array): ViewFacts => factsOf(openView(bytes, 0))

export const viewEngine: MetadataEngine<ViewFacts> = { create, commit, facts }
