/** One call of every operation on rules, tags and read restrictions, while there is a namespace, a table and a view. */
import { type Found, type Step, saying } from './step.ts'

const sources = { 'open.cedar': '@id("open")\npermit (principal, action, resource);\n' }
const definition = { name: 'sensitive', scope: ['warehouse', 'namespace', 'table', 'view'] }

const tagged = (word: string): readonly Step[] => {
  const kind = word.toLowerCase()
  const args: Step['args'] = (found) => ({
    id: found['warehouse'],
    ...(kind === 'warehouse' ? {} : { object: found[kind] }),
  })
  const withTag: Step['args'] = (found) => ({ ...args(found), tag: definition.name })
  return [
    { operation: `set${word}Tag`, args: withTag, body: saying({ value: 'very' }) },
    { operation: `list${word}Tags`, args: (found) => ({ ...args(found), effective: true }) },
  ]
}

const untagged = (word: string): Step => ({
  operation: `delete${word}Tag`,
  args: (found) => ({
    id: found['warehouse'],
    tag: definition.name,
    ...(word === 'Warehouse' ? {} : { object: found[word.toLowerCase()] }),
  }),
})

const bob = 'oidc~bob'
const aboutBob = { principalUser: bob }

/** Who may set the tag, while it is there. */
const grantsOfTag: readonly Step[] = [
  ...[
    { operation: 'changeTagAssignments', body: saying({ writes: [{ type: 'apply', user: bob }] }) },
    {
      operation: 'applyTagGrants',
      body: saying({ writes: [{ privilege: 'ownership', principal: { user: bob } }] }),
    },
  ].map((step) => ({ ...step, args: ({ tag: id }: Found) => ({ id }) })),
  ...[
    ['listTagAssignments', { relations: ['apply'] }] as const,
    ...['getTagAccess', 'getTagAuthorizerActions', 'getTagActions'].map((name) => [name, aboutBob] as const),
    ['listTagReach', { action: 'tag' }] as const,
    ...['listTagGrants', 'getTagGrantablePrivileges'].map((name) => [name, aboutBob] as const),
  ].map(([operation, more]) => ({ operation, args: ({ tag: id }: Found) => ({ id, ...more }) })),
]

const onTag: Step['args'] = ({ tag: id }) => ({ id })
const onTable: Step['args'] = ({ warehouse: id, table: object }) => ({ id, object })
const words = ['Warehouse', 'Namespace', 'Table', 'View']

export const governanceSteps: readonly Step[] = [
  { operation: 'getRules' },
  { operation: 'testRules', body: saying({ sources }) },
  { operation: 'applyRules', body: saying({ sources }) },
  { operation: 'listRuleSets' },
  { operation: 'getRuleSet', args: () => ({ number: '1' }) },
  {
    operation: 'createTagDefinition',
    body: saying({ ...definition, 'value-kind': 'free-text' }),
    keep: ({ id }) => ({ tag: String(id) }),
  },
  { operation: 'listTagDefinitions' },
  { operation: 'getTagDefinition', args: onTag },
  {
    operation: 'updateTagDefinition',
    args: onTag,
    body: saying({ ...definition, description: 'of people' }),
  },
  ...grantsOfTag,
  ...words.flatMap((word) => tagged(word)),
  { operation: 'listTaggedObjects', args: (found) => ({ ...onTag?.(found), targetType: 'table' }) },
  ...words.map(untagged),
  { operation: 'deleteTagDefinition', args: onTag },
  { operation: 'setReadRestriction', args: onTable, body: saying({ columns: [{ 'field-id': 1 }] }) },
  { operation: 'getReadRestriction', args: onTable },
  { operation: 'deleteReadRestriction', args: onTable },
  {
    operation: 'explainDecision',
    body: ({ warehouse, table }) => ({
      principal: { user: 'oidc~bob' },
      action: 'read',
      object: { type: 'table', 'warehouse-id': warehouse, id: table },
    }),
  },
]
