/** The lines of the management face about rules, tags and read restrictions; those of tags in Lakekeeper's wire forms. */
import { Type } from 'typebox'
import { explainSchema } from '#gateway/operations/governance/explain.ts'
import type { GovernanceOperations } from '#gateway/operations/governance/governance.ts'
import { type ObjectTagOperations, setTagSchema } from '#gateway/operations/governance/object-tags.ts'
import { restrictionSchema } from '#gateway/operations/governance/restrictions.ts'
import { rulesSchema } from '#gateway/operations/governance/rules.ts'
import {
  createTagSchema,
  tagTargets,
  updateTagSchema,
} from '#gateway/operations/governance/tag-definitions.ts'
import type { ById } from '#gateway/operations/management/place.ts'
import type { AtContent } from '#gateway/operations/permissions/place.ts'
import { noContent } from '../answer.ts'
import { type Endpoint, endpoint, type HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'
import * as forms from './governance-forms.ts'
import { readBody, readId, readIdAndBody, readNothing, readPage } from './read.ts'
import { pageQuery } from './schemas.ts'

const answerNothing = () => noContent

const ruleEndpoints = (operations: GovernanceOperations): readonly Endpoint[] => [
  endpoint('GET /v1/rules', operations.getRules, {
    declares: {
      summary: 'The rules in force, with their decision tables',
      answers: { 200: forms.ruleSetForm },
    },
    read: readNothing,
    answer: forms.answerRuleSet,
  }),
  endpoint('PUT /v1/rules', operations.applyRules, {
    declares: {
      summary: 'Puts a set of rules in force, if it is valid and its decision tables hold',
      body: rulesSchema,
      answers: { 200: forms.ruleSetForm },
    },
    read: readBody,
    answer: forms.answerRuleSet,
  }),
  endpoint('POST /v1/rules/test', operations.testRules, {
    declares: {
      summary: 'What would come of a set of rules; nothing is stored',
      body: rulesSchema,
      answers: { 200: forms.trialForm },
    },
    read: readBody,
    answer: forms.answerTrial,
  }),
  endpoint('GET /v1/rules/history', operations.listRuleSets, {
    declares: {
      summary: 'Every set that has been in force, the newest first',
      query: pageQuery,
      answers: { 200: forms.ruleSetsForm },
    },
    read: readPage,
    answer: forms.answerRuleSets,
  }),
  endpoint('GET /v1/rules/history/{number}', operations.getRuleSet, {
    declares: { summary: 'A set that has been in force', answers: { 200: forms.ruleSetForm } },
    read: ({ params }) => ({ number: forms.readNumber(decodePart(params['number'] ?? '')) }),
    answer: forms.answerRuleSet,
  }),
]

const definitions = '/v1/tag-definition'
const definition = `${definitions}/{id}`

const definitionEndpoints = (operations: GovernanceOperations): readonly Endpoint[] => [
  endpoint(`GET ${definitions}`, operations.listTagDefinitions, {
    declares: {
      summary: 'The governed tags of the project',
      query: {
        ...pageQuery,
        name: Type.Optional(Type.String({ description: 'Part of the name, in any letter case' })),
      },
      answers: { 200: forms.definitionsForm },
    },
    read: (_request, { query }) => query,
    answer: forms.answerDefinitions,
  }),
  endpoint(`POST ${definitions}`, operations.createTagDefinition, {
    declares: {
      summary: 'Defines a governed tag',
      body: createTagSchema,
      versioned: true,
      answers: { 201: forms.definitionForm },
    },
    read: readBody,
    answer: forms.answerCreatedDefinition,
  }),
  endpoint(`GET ${definition}`, operations.getTagDefinition, {
    declares: { summary: 'One governed tag', versioned: true, answers: { 200: forms.definitionForm } },
    read: readId,
    answer: forms.answerDefinition,
  }),
  endpoint(`POST ${definition}`, operations.updateTagDefinition, {
    declares: {
      summary: 'Describes a tag anew, lets more have it, adds values',
      body: updateTagSchema,
      versioned: true,
      answers: { 200: forms.definitionForm },
    },
    read: readIdAndBody,
    answer: forms.answerDefinition,
  }),
  endpoint(`DELETE ${definition}`, operations.deleteTagDefinition, {
    declares: { summary: 'Deletes a tag that nothing has', versioned: true, answers: { 204: null } },
    read: readId,
    answer: answerNothing,
  }),
  endpoint(`GET ${definition}/attachments`, operations.listTagAttachments, {
    declares: {
      summary: 'What has the tag itself; what inherits it is not listed',
      query: {
        ...pageQuery,
        value: Type.Optional(Type.String()),
        targetType: Type.Optional(Type.Enum(tagTargets)),
        warehouseId: Type.Optional(Type.String()),
      },
      answers: { 200: forms.attachmentsForm },
    },
    read: (request, { query }) => ({ ...query, ...readId(request) }),
    answer: forms.answerAttachments,
  }),
]

interface Tagged<At> {
  readonly operations: ObjectTagOperations<At>
  readonly path: `/${string}`
  readonly what: string
  readonly read: (request: HttpRequest) => At
}

const tagEndpoints = <At>({ operations, path, what, read }: Tagged<At>): readonly Endpoint[] => {
  const line = `${path}/tags` as const
  const readTag = (request: HttpRequest) => ({ tag: decodePart(request.params['tag'] ?? '') })
  return [
    endpoint(`GET ${line}`, operations.list, {
      declares: {
        summary: `The governed tags of ${what}`,
        query: { effective: Type.Optional(Type.Boolean({ description: 'Inherited ones too' })) },
        answers: { 200: forms.tagsForm },
      },
      read: (request, { query }) => ({ ...query, ...read(request) }),
      answer: forms.answerTags,
    }),
    endpoint(`PUT ${line}/{tag}`, operations.set, {
      declares: {
        summary: `Sets a governed tag on ${what}, and on what lies inside`,
        body: setTagSchema,
        answers: { 200: forms.appliedForm },
      },
      read: (request, { body }) => ({ body, ...readTag(request), ...read(request) }),
      answer: forms.answerApplied,
    }),
    endpoint(`DELETE ${line}/{tag}`, operations.remove, {
      declares: { summary: `Takes a governed tag from ${what}`, answers: { 204: null } },
      read: (request) => ({ ...readTag(request), ...read(request) }),
      answer: answerNothing,
    }),
  ]
}

const readContent = (request: HttpRequest): AtContent => ({
  ...readId(request),
  objectId: decodePart(request.params['object'] ?? '').toLowerCase(),
})

const warehouse = '/v1/warehouse/{id}'

const objectEndpoints = (operations: GovernanceOperations): readonly Endpoint[] => [
  ...tagEndpoints<ById>({
    ...{ operations: operations.warehouseTags, path: warehouse, what: 'a warehouse', read: readId },
  }),
  ...(['namespace', 'table', 'view'] as const).flatMap((kind) =>
    tagEndpoints<AtContent>({
      operations: operations[`${kind}Tags`],
      path: `${warehouse}/${kind}/{object}`,
      what: `a ${kind}`,
      read: readContent,
    }),
  ),
]

const restriction = `${warehouse}/table/{object}/read-restriction`

const restrictionEndpoints = (operations: GovernanceOperations): readonly Endpoint[] => [
  endpoint(`GET ${restriction}`, operations.getReadRestriction, {
    declares: { summary: 'What must not be read of a table', answers: { 200: forms.restrictionForm } },
    read: readContent,
    answer: forms.answerRestriction,
  }),
  endpoint(`PUT ${restriction}`, operations.setReadRestriction, {
    declares: {
      summary: 'Restricts what may be read of a table: from then on it loads without data',
      body: restrictionSchema,
      answers: { 200: forms.restrictionForm },
    },
    read: (request, { body }) => ({ ...readContent(request), body }),
    answer: forms.answerRestriction,
  }),
  endpoint(`DELETE ${restriction}`, operations.deleteReadRestriction, {
    declares: { summary: 'Lifts the restriction of a table', answers: { 204: null } },
    read: readContent,
    answer: answerNothing,
  }),
]

export const governanceEndpoints = (operations: GovernanceOperations): readonly Endpoint[] => [
  ...ruleEndpoints(operations),
  ...definitionEndpoints(operations),
  ...objectEndpoints(operations),
  ...restrictionEndpoints(operations),
  endpoint('POST /v1/decisions/explain', operations.explainDecision, {
    declares: {
      summary: 'Whether somebody may do something with an object, and which grants and rules decide it',
      body: explainSchema,
      answers: { 200: forms.explainedForm },
    },
    read: readBody,
    answer: forms.answerExplained,
  }),
]
