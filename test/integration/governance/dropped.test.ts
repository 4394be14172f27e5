/** What governs an object ends with it: nothing of it stays behind, and nothing is held up by what is gone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, type Lake, openLake } from '../../support/lake.ts'

let lake: Lake
beforeAll(async () => {
  lake = await openLake([])
  await lake.make('POST /namespaces', { namespace: ['sales'] })
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const manage = (line: string, body?: object) => {
  const [method = '', path = ''] = line.split(' ')
  return lake.ask(`${method} /management/v1/${path}`, body === undefined ? {} : { body })
}

/** The path of a definition. */
const define = async (name: string): Promise<string> => {
  const body = { name, 'value-kind': 'marker', scope: ['table', 'view'] }
  const made = await lake.make('POST /management/v1/tag-definition', body)
  return `tag-definition/${json<{ id: string }>(made).id}`
}

describe.each([
  ['dropped', 'DELETE /namespaces/sales/tables/dropped'],
  ['dropped with its files', 'DELETE /namespaces/sales/tables/dropped?purgeRequested=true'],
  ['unregistered', 'POST /namespaces/sales/tables/dropped/unregister'],
])('a table that is %s', (what, line) => {
  test('has no tag any more, which can then be deleted', async () => {
    await lake.makeTable(['sales'], 'dropped')
    const path = await lake.pathOf({ kind: 'table', namespace: ['sales'], name: 'dropped' })
    const definition = await define(`until-${what.replaceAll(' ', '-')}`)
    const name = json<{ name: string }>(await manage(`GET ${definition}`)).name
    await lake.make(`PUT /management/v1/${path}/tags/${name}`, {})
    expect((await manage(`DELETE ${definition}`)).status).toBe(409)
    await lake.make(line)
    const { attachments } = json<{ attachments: unknown[] }>(await manage(`GET ${definition}/attachments`))
    expect(attachments).toEqual([])
    expect((await manage(`DELETE ${definition}`)).status).toBe(204)
  })
})
