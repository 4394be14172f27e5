/** Commands on governed tags and read restrictions. */
import { needed, readBody } from './call.ts'
import type { Argument, Call, CallCommand, Option, Outcome, OwnCommand, View } from './command.ts'
import { usageError } from './exit.ts'
import { findObject, type GrantObject } from './grant-objects.ts'
import type { Wire } from './management-client.ts'

const taggable = new Set(['warehouse', 'namespace', 'table', 'view'])
const objectWords = 'warehouse:NAME, namespace:WAREHOUSE/a/b, table:WAREHOUSE/a/b/NAME, view:…'
const object: Argument = { name: 'object', about: objectWords }
const tag: Argument = { name: 'tag', about: 'name of the tag' }

const findTaggable = async (call: Call, kinds: ReadonlySet<string> = taggable): Promise<GrantObject> => {
  const said = needed(call, 'object')
  if (!kinds.has(said.split(':')[0] ?? ''))
    throw usageError(`${said} can have none: say ${[...kinds].map((kind) => `${kind}:…`).join(', ')}`)
  return findObject(call.session, said)
}

/** `GET warehouse/…`, below `/management/v1`. */
const send = async (call: Call, line: string, body?: Wire): Promise<Wire> => {
  const [method = '', path = ''] = line.split(' ')
  const request = { method, path: `/management/v1/${path}`, ...(body === undefined ? {} : { body }) }
  const { text: answer } = await call.session.send(request)
  return answer === '' ? {} : (JSON.parse(answer) as Wire)
}

const tagView: View = { list: 'tags', columns: ['name', 'value', 'inherited-from.type'] }

const runTags = async (call: Call): Promise<Outcome> => {
  const { actionsPath } = await findTaggable(call)
  const query = call.values.isSet('own') ? '' : '?effective=true'
  const path = `/management/v1/${actionsPath}/tags`
  const { text: answer } = await call.session.send({ method: 'GET', path, query: new URLSearchParams(query) })
  return { answer: JSON.parse(answer), view: tagView }
}

const tagPath = async (call: Call): Promise<string> => {
  const { actionsPath } = await findTaggable(call)
  return `${actionsPath}/tags/${encodeURIComponent(needed(call, 'tag'))}`
}

const runSet = async (call: Call): Promise<Outcome> => {
  const value = call.values.text('value')
  const answer = await send(call, `PUT ${await tagPath(call)}`, value === undefined ? {} : { value })
  return { answer, view: { columns: ['name', 'value', 'applied-at'] } }
}

const runUnset = async (call: Call): Promise<Outcome> => {
  await send(call, `DELETE ${await tagPath(call)}`)
  return { answer: undefined }
}

const tables = new Set(['table'])

const restrictionPath = async (call: Call): Promise<string> =>
  `${(await findTaggable(call, tables)).actionsPath}/read-restriction`

const restrictionView: View = { columns: ['row-filter', 'columns', 'set-by', 'updated-at'] }

const runRestrict = async (call: Call): Promise<Outcome> => {
  const body = await readBody(call.terminal, needed(call, 'file'))
  return { answer: await send(call, `PUT ${await restrictionPath(call)}`, body), view: restrictionView }
}

const runRestriction = async (call: Call): Promise<Outcome> => ({
  answer: await send(call, `GET ${await restrictionPath(call)}`),
  view: restrictionView,
})

const runLift = async (call: Call): Promise<Outcome> => {
  await send(call, `DELETE ${await restrictionPath(call)}`)
  return { answer: undefined }
}

const places = ['', ...['namespace', 'table', 'view'].map((kind) => `/${kind}/{object}`)]
const linesOf = (method: string, suffix: string): readonly string[] =>
  places.map((place) => `${method} /v1/warehouse/{id}${place}/tags${suffix}`)
const restriction = '/v1/warehouse/{id}/table/{object}/read-restriction'
const table: Argument = { name: 'object', about: 'table:WAREHOUSE/a/b/NAME' }

export const taggingCommands: readonly OwnCommand[] = [
  {
    name: 'tags',
    about: 'list the governed tags of an object, inherited ones too',
    arguments: [object],
    options: [{ name: 'own', about: 'only those that it has itself', form: 'switch' }],
    lines: linesOf('GET', ''),
    run: runTags,
  },
  {
    name: 'tag set',
    about: 'set a governed tag on an object, and on what lies inside',
    arguments: [tag, object, { name: 'value', about: 'unless it is a marker', optional: true }],
    lines: linesOf('PUT', '/{tag}'),
    run: runSet,
  },
  {
    name: 'tag unset',
    about: 'take a governed tag from an object',
    arguments: [tag, object],
    lines: linesOf('DELETE', '/{tag}'),
    run: runUnset,
  },
  {
    name: 'restriction show',
    about: 'show what must not be read of a table',
    arguments: [table],
    lines: [`GET ${restriction}`],
    run: runRestriction,
  },
  {
    name: 'restriction set',
    about: 'restrict what may be read of a table: from then on it loads without data',
    arguments: [
      table,
      { name: 'file', about: 'JSON or YAML with row-filter and columns; - is standard input' },
    ],
    lines: [`PUT ${restriction}`],
    run: runRestrict,
  },
  {
    name: 'restriction lift',
    about: 'lift the restriction of a table',
    arguments: [table],
    lines: [`DELETE ${restriction}`],
    run: runLift,
  },
]

const definition: Argument = { name: 'tag', about: 'its name or id', kind: 'tag', to: 'path.id' }
const definitionView: View = {
  columns: ['id', 'name', 'value-kind', 'allowed-values', 'scope', 'restricted', 'description'],
}
const description: Option = { name: 'description', about: 'what it says', to: 'body.description' }
const restricted: Option = {
  name: 'restricted',
  about: 'true: to set it needs a right to it too (apply), besides that on the object',
  to: 'body.restricted',
  form: 'boolean',
}
const scope: Option = {
  name: 'scope',
  about: 'what may have it, with commas between: warehouse,namespace,table,view',
  to: 'body.scope',
  form: 'list',
  required: true,
}

export const tagCommands: readonly CallCommand[] = [
  {
    name: 'tag list',
    about: 'list the governed tags of the project',
    line: 'GET /v1/tag-definition',
    options: [{ name: 'name', about: 'only those with this in their name', to: 'query.name' }],
    view: { list: 'tag-definitions', columns: definitionView.columns },
  },
  {
    name: 'tag define',
    about: 'define a governed tag',
    line: 'POST /v1/tag-definition',
    arguments: [
      { name: 'name', about: 'as rules name it', to: 'body.name' },
      { name: 'kind', about: 'marker, free-text or enumerated', to: 'body.value-kind' },
    ],
    options: [
      scope,
      description,
      restricted,
      {
        name: 'values',
        about: 'of an enumerated one, with commas between',
        to: 'body.allowed-values',
        form: 'list',
      },
    ],
    view: definitionView,
  },
  {
    name: 'tag get',
    about: 'show a governed tag',
    line: 'GET /v1/tag-definition/{id}',
    arguments: [definition],
    view: definitionView,
  },
  {
    name: 'tag redefine',
    about: 'describe a governed tag anew, let more have it, add values',
    line: 'POST /v1/tag-definition/{id}',
    arguments: [definition, { name: 'name', about: 'as it is: names stay', to: 'body.name' }],
    options: [
      scope,
      description,
      restricted,
      { name: 'add-values', about: 'with commas between', to: 'body.add-allowed-values', form: 'list' },
    ],
    view: definitionView,
  },
  {
    name: 'tag delete',
    about: 'delete a governed tag that nothing has',
    line: 'DELETE /v1/tag-definition/{id}',
    arguments: [definition],
  },
  {
    name: 'tag attachments',
    about: 'list what has a governed tag itself',
    line: 'GET /v1/tag-definition/{id}/attachments',
    arguments: [definition],
    options: [{ name: 'value', about: 'only with this value', to: 'query.value' }],
    view: {
      list: 'attachments',
      columns: [
        'target.type',
        'target.warehouse-id',
        'target.table-id|target.view-id|target.namespace-id',
        'value',
      ],
    },
  },
]
