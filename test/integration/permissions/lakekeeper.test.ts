/** How much of Lakekeeper's permission API answers as there: every relation that it has is given, shown and taken. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'
import {
  type Ids,
  leftOutPermissions,
  type ServedPermission,
  servedPermissions,
  servedPrivileges,
} from '../../support/lakekeeper-permissions.ts'
import type { Reply } from '../../support/tenants.ts'

let granting: Granting
let ids: Ids
beforeAll(async () => {
  granting = await openGranting()
  const { warehouse, namespace, table, view, role, create } = granting
  const definition = { name: 'sensitive', 'value-kind': 'marker', scope: ['table'] }
  const { id } = await create('POST /tag-definition', definition)
  ids = {
    warehouse,
    namespace,
    table,
    view,
    role,
    project: 'east',
    user: 'oidc~bob',
    tag_definition: String(id),
  }
})
afterAll(() => granting?.[Symbol.asyncDispose]())

const filled = (line: string): string =>
  line.replaceAll(/\{(\w+)_id\}/g, (_, name: keyof Ids) => encodeURIComponent(ids[name])).replace('/v1', '')

const send = ({ line, body }: Pick<ServedPermission, 'line' | 'body'>): Promise<Reply> => {
  const ask = line.includes('/server') ? { as: 'admin' } : { as: 'eve', project: 'east' }
  return granting.call(filled(line), { ...ask, ...(body === undefined ? {} : { body: body(ids) }) })
}

const lacking = (value: unknown, members: readonly string[]): readonly string[] =>
  members.filter((name) => !Object.hasOwn(Object(value), name))

/** What differs from Lakekeeper's answer. */
const differences = (served: ServedPermission, reply: Reply): readonly string[] => {
  const { status, members = [], items } = served
  const [list] = Object.values(reply.body).filter(Array.isArray)
  return [
    ...(reply.status === status ? [] : [`status ${reply.status}: ${reply.text}`]),
    ...lacking(reply.body, members),
    ...(items === undefined ? [] : (list ?? [{}]).flatMap((item: unknown) => lacking(item, items))),
  ]
}

interface Written {
  readonly type: string
}

const isListing = ({ line }: ServedPermission): boolean => /^GET .*\/assignments$/.test(line)

/** What the run has given where it now lists. */
const writtenAt = ({ line }: ServedPermission): readonly Written[] => {
  const change = servedPermissions.find((one) => one.line === line.replace('GET', 'POST'))
  const { writes = [] } = (change?.body?.(ids) ?? {}) as { readonly writes?: readonly Written[] }
  return writes
}

/** Every relation that was given is shown, and is taken again. */
const notKept = async (served: ServedPermission, { body }: Reply): Promise<readonly string[]> => {
  if (!isListing(served)) return []
  const writes = writtenAt(served)
  const shown = body['assignments'] as readonly (Written & { readonly user?: string })[]
  const held = new Set(shown.filter(({ user }) => user === ids.user).map(({ type }) => type))
  const line = served.line.replace('GET', 'POST')
  const { status } = await send({ line, body: () => ({ deletes: writes }) })
  return [
    ...writes.filter(({ type }) => !held.has(type)).map(({ type }) => `${type} is not shown`),
    ...(status === 204 ? [] : [`status ${status} where they are taken`]),
  ]
}

test('what Lakekeeper publishes about permissions answers with its path, members and status', async () => {
  const incompatible: Record<string, readonly string[]> = {}
  const all = [...servedPermissions, ...servedPrivileges]
  for (const served of all) {
    const reply = await send(served)
    const different = [...differences(served, reply), ...(await notKept(served, reply))]
    if (different.length > 0) incompatible[served.line] = different
  }
  const compatible = all.length - Object.keys(incompatible).length
  const total = all.length + Object.keys(leftOutPermissions).length
  const reasons = Map.groupBy(Object.entries(leftOutPermissions), ([, why]) => why)
  const told = [...reasons].map(([why, lines]) => `  ${lines.length} left out: ${why}`)
  process.stdout.write(
    `${compatible} of ${total} operations of Lakekeeper's permission API answer compatibly\n${told.join('\n')}\n`,
  )
  expect(incompatible).toEqual({})
  expect(total).toBe(78)
})
