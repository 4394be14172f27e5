/** The operations on rules: which are in force and were before, and what would come of others. */
import { type Static, Type } from 'typebox'
import type { Need } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { RuleSetHead, RuleSetRecord } from '#store/rule-sets.ts'
import type { Operation, Target } from '../../operation.ts'
import type { PageTokens } from '../../page-token.ts'
import { type PageAsked, type Paged, pageByKey } from '../management/paging.ts'
import { certainly, type ServerTarget } from '../management/place.ts'
import type { RuleRegistry, RulesTrial } from './registry.ts'

export interface RuleDeps {
  readonly governance: RuleRegistry
  readonly pageTokens: PageTokens
}

const longestText = 256 * 1024

export const rulesSchema = Type.Object(
  {
    sources: Type.Record(Type.String(), Type.String({ maxLength: longestText }), {
      description: 'Texts by file name: rules (*.cedar) and their decision tables (*.decisions.yaml)',
      minProperties: 1,
      maxProperties: 500,
    }),
  },
  { additionalProperties: false },
)
export type RulesBody = Static<typeof rulesSchema>

const atServer = <Input>() => ({
  resolve: async (input: Input): Promise<ServerTarget<Input>> => ({ warehouse: null, input }),
})

const needing =
  (action: Need['action']) =>
  (_target: Target): readonly Need[] => [{ action, resource: { kind: 'server' } }]

const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

const checkSources = ({ sources }: RulesBody): void => {
  for (const [file, text] of Object.entries(sources)) {
    if (!fileName.test(file))
      throw new CatalogError('BadRequestException', 'Invalid sources: files have plain names')
    checkText(text.replaceAll(/[\t\r\n]/g, ' '), `sources.${file}`)
  }
}

const getRules = ({ governance }: RuleDeps): Operation<object, ServerTarget<object>, RuleSetRecord> => ({
  name: 'getRules',
  kind: 'read',
  success: 200,
  ...atServer<object>(),
  needs: needing('read-grants'),
  run: () => governance.findRules(),
})

export interface AtRuleSet {
  readonly number: number
}

const getRuleSet = ({
  governance,
}: RuleDeps): Operation<AtRuleSet, ServerTarget<AtRuleSet>, RuleSetRecord> => ({
  name: 'getRuleSet',
  kind: 'read',
  success: 200,
  ...atServer<AtRuleSet>(),
  needs: needing('read-grants'),
  run: ({ target: { input } }) => governance.findRules(input.number),
})

const listRuleSets = ({
  governance,
  pageTokens,
}: RuleDeps): Operation<PageAsked, ServerTarget<PageAsked>, Paged<RuleSetHead>> => ({
  name: 'listRuleSets',
  kind: 'read',
  success: 200,
  ...atServer<PageAsked>(),
  needs: needing('read-grants'),
  run: ({ target: { input }, context }) =>
    pageByKey(pageTokens, input, {
      scope: `rules|${context.principal.id}`,
      read: (limit, after) =>
        governance.listRules({ limit, ...(after === undefined ? {} : { before: Number(after) }) }),
      keyOf: ({ id }) => String(id),
    }),
})

const testRules = ({ governance }: RuleDeps): Operation<RulesBody, ServerTarget<RulesBody>, RulesTrial> => ({
  name: 'testRules',
  kind: 'read',
  success: 200,
  ...atServer<RulesBody>(),
  needs: needing('read-grants'),
  run: async ({ target: { input } }) => {
    checkSources(input)
    return governance.tryRules(input.sources)
  },
})

const applyRules = ({
  governance,
}: RuleDeps): Operation<RulesBody, ServerTarget<RulesBody>, RuleSetRecord> => ({
  name: 'applyRules',
  kind: 'change',
  success: 200,
  ...atServer<RulesBody>(),
  needs: needing('manage'),
  run: certainly(async ({ context, target: { input } }) => {
    checkSources(input)
    return governance.applyRules(context, input.sources)
  }),
  replay: {
    remember: ({ id }) => ({ kind: 'json', body: JSON.stringify({ id: String(id) }) }),
    recall: async (outcome) => {
      const told = outcome.kind === 'json' ? (JSON.parse(outcome.body) as { id: string }) : undefined
      return governance.findRules(told && Number(told.id))
    },
  },
})

export const createRuleOperations = (deps: RuleDeps) => ({
  getRules: getRules(deps),
  getRuleSet: getRuleSet(deps),
  listRuleSets: listRuleSets(deps),
  testRules: testRules(deps),
  applyRules: applyRules(deps),
})
