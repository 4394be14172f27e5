/** Tags as objects of grants: a restricted one is set by whoever may set tags on the object, and may set this one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'
import { type Ask, eve, type Reply, typeOf } from '../../support/tenants.ts'

let granting: Granting
beforeAll(async () => {
  granting = await openGranting()
})
afterAll(() => granting?.[Symbol.asyncDispose]())

const as = (name: string): Ask => ({ as: name, project: 'east' })
const ann = as('ann')
const bob = as('bob')
const to = (name: string, type: string) => ({ type, user: `oidc~${name}` })

const define = async (name: string, more: object = {}, ask: Ask = eve): Promise<string> => {
  const body = { name, 'value-kind': 'marker', scope: ['namespace', 'table'], ...more }
  const reply = await granting.call('POST /tag-definition', { ...ask, body })
  expect(reply.status, reply.text).toBe(201)
  return String(reply.body['id'])
}

const redefine = (
  { id, name }: { readonly id: string; readonly name: string },
  more: object,
  ask: Ask = eve,
): Promise<Reply> =>
  granting.call(`POST /tag-definition/${id}`, {
    ...ask,
    body: { name, scope: ['namespace', 'table'], ...more },
  })

const path = (name: string): string => `/${granting.tablePath}/tags/${name}`
const set = (name: string, ask: Ask): Promise<Reply> =>
  granting.call(`PUT ${path(name)}`, { ...ask, body: {} })
const unset = (name: string, ask: Ask): Promise<Reply> => granting.call(`DELETE ${path(name)}`, ask)

const give = async (at: string, ...writes: readonly object[]): Promise<void> => {
  const reply = await granting.give(at, writes)
  expect(reply.status, reply.text).toBe(204)
}

beforeAll(async () => {
  await give(granting.tablePath, to('bob', 'manage_tags'))
})

describe('a tag that is not restricted', () => {
  test('is set and taken by whoever may set tags on the object', async () => {
    const id = await define('open')
    const { body } = await granting.call(`GET /tag-definition/${id}`, eve)
    expect(body['restricted']).toBe(false)
    expect((await set('open', bob)).status).toBe(200)
    expect((await unset('open', bob)).status).toBe(204)
  })

  test('is set by nobody who may not, also with a right to the tag', async () => {
    const id = await define('owned')
    await give(`tag/${id}`, to('ann', 'ownership'))
    await give(granting.tablePath, to('ann', 'select'))
    expect(typeOf(await set('owned', ann))).toEqual([403, 'ForbiddenException'])
  })
})

describe('a restricted tag', () => {
  test('needs the right to it as well, to be set and to be taken', async () => {
    const id = await define('secret', { restricted: true })
    expect((await granting.call(`GET /tag-definition/${id}`, eve)).body['restricted']).toBe(true)
    const refused = await set('secret', bob)
    expect(typeOf(refused)).toEqual([403, 'ForbiddenException'])
    expect(refused.text).toContain('tag on tag secret')
    await give(`tag/${id}`, to('bob', 'apply'))
    expect((await set('secret', bob)).status).toBe(200)
    await granting.take(`tag/${id}`, [to('bob', 'apply')])
    expect((await unset('secret', bob)).status).toBe(403)
    await give(`tag/${id}`, { type: 'apply', role: granting.role })
    await granting.put(granting.role, { type: 'user', id: 'oidc~bob' })
    expect((await unset('secret', bob)).status).toBe(204)
  })

  test('is not set by whoever may set every other tag in the project', async () => {
    await define('sealed', { restricted: true })
    await give('project', to('cleo', 'tag_creator'), to('cleo', 'data_admin'))
    expect(typeOf(await set('sealed', as('cleo')))).toEqual([403, 'ForbiddenException'])
    expect((await set('open', as('cleo'))).status).toBe(200)
  })

  test('can be opened and closed again, in force at once', async () => {
    const id = await define('moody', { restricted: true })
    expect((await set('moody', bob)).status).toBe(403)
    expect((await redefine({ id, name: 'moody' }, { restricted: false })).status).toBe(200)
    expect((await set('moody', bob)).status).toBe(200)
    const closed = await redefine({ id, name: 'moody' }, { restricted: true })
    expect(closed.body['restricted']).toBe(true)
    expect((await unset('moody', bob)).status).toBe(403)
    const { body } = await redefine({ id, name: 'moody' }, { description: 'says nothing of it' })
    expect(body['restricted']).toBe(true)
  })
})

describe('a tag', () => {
  test('is explained like any object: who may set it, and what would be enough', async () => {
    const id = await define('explained', { restricted: true })
    await give(`tag/${id}`, to('cleo', 'apply'))
    const explain = async (name: string) => {
      const body = { principal: { user: `oidc~${name}` }, action: 'tag', object: { type: 'tag', id } }
      const reply = await granting.call('POST /decisions/explain', { ...eve, body })
      expect(reply.status, reply.text).toBe(200)
      return reply.body
    }
    const { allowed, grants } = await explain('cleo')
    expect(allowed).toBe(true)
    expect(grants).toContainEqual(expect.objectContaining({ relation: 'apply', decides: true }))
    expect(await explain('bob')).toMatchObject({ allowed: false, missing: ['ownership', 'apply'] })
  })

  test('belongs to who defined it: others who define tags neither change nor delete it', async () => {
    await give('project', to('ann', 'tag_creator'), to('cleo', 'tag_creator'))
    const id = await define('annas', {}, ann)
    expect((await redefine({ id, name: 'annas' }, { restricted: true }, as('cleo'))).status).toBe(403)
    expect((await granting.call(`DELETE /tag-definition/${id}`, as('cleo'))).status).toBe(403)
    expect((await redefine({ id, name: 'annas' }, { restricted: true }, ann)).status).toBe(200)
    const shown = await granting.shown(`tag/${id}`, ann)
    expect(shown).toEqual([to('ann', 'ownership')])
    const given = await granting.give(`tag/${id}`, [to('bob', 'apply')], ann)
    expect(given.status, given.text).toBe(204)
    expect((await set('annas', bob)).status).toBe(200)
    expect((await granting.give(`tag/${id}`, [to('ann', 'apply')], bob)).status).toBe(403)
  })

  test('that is deleted takes its grants along', async () => {
    const id = await define('gone', { restricted: true })
    await give(`tag/${id}`, to('bob', 'apply'))
    const deleted = await granting.call(`DELETE /tag-definition/${id}`, eve)
    expect(deleted.status, deleted.text).toBe(204)
    const { body } = await granting.call('GET /permissions/holdings', bob)
    expect(JSON.stringify(body['holdings'])).not.toContain(id)
    expect((await granting.give(`tag/${id}`, [to('bob', 'apply')])).status).toBe(404)
  })

  test('of another project is as missing as one that never was', async () => {
    const id = await define('eastern', { restricted: true })
    const away: Ask = { as: 'wes', project: 'west' }
    const never = '00000000-0000-4000-8000-000000000000'
    for (const line of ['permissions/tag/ID/assignments', 'tag-definition/ID/grants', 'tag-definition/ID']) {
      const [there, nowhere] = await Promise.all(
        [id, never].map((one) => granting.call(`GET /${line.replace('ID', one)}`, away)),
      )
      expect(there?.status, line).toBe(404)
      const said = ({ body }: Reply) => JSON.stringify(body['error']).replaceAll(/[0-9a-f-]{36}/g, '')
      expect(said(there as Reply)).toBe(said(nowhere as Reply))
    }
  })

  test('whose id is no id is answered for as one that never was', async () => {
    const statuses = async (id: string): Promise<readonly number[]> => {
      const body = { name: 'odd', scope: ['table'] }
      const line = `/tag-definition/${id}`
      const asked = [bob, ann, eve].flatMap((ask) => [
        granting.call(`POST ${line}`, { ...ask, body }),
        granting.call(`DELETE ${line}`, ask),
      ])
      return (await Promise.all(asked)).map(({ status }) => status)
    }
    const never = await statuses('00000000-0000-4000-8000-000000000000')
    expect(never.slice(4)).toEqual([404, 404])
    for (const id of ['a%00', '%01', 'none']) expect(await statuses(id), id).toEqual(never)
  })

  test('is something that rules can speak of', async () => {
    await define('ruled')
    const admin: Ask = { as: 'admin' }
    const { body: before } = await granting.call('GET /rules', admin)
    const sources = {
      ...(before['sources'] as Record<string, string>),
      'ruled.cedar':
        '@id("ruled") forbid (principal, action == Action::"tag", resource is Tag) when { resource.name == "ruled" };',
      'ruled.decisions.yaml':
        'cases: [{ name: x, who: { kind: user, id: a }, does: tag, to: { kind: tag, path: ruled }, expect: deny, by: [ruled] }]',
    }
    const applied = await granting.call('PUT /rules', { ...admin, body: { sources } })
    expect(applied.status, applied.text).toBe(200)
    expect((await set('ruled', eve)).status).toBe(403)
    expect((await set('owned', eve)).status).toBe(200)
    await granting.call('PUT /rules', { ...admin, body: { sources: before['sources'] } })
    expect((await set('ruled', eve)).status).toBe(200)
  })
})
