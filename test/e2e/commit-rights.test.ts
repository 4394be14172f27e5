/** Rights to a part of what a commit does, as a real client meets them. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Lake, openLake } from '../support/lake.ts'
import { installClient } from './clients.ts'

let lake: Lake
let python: string
beforeAll(async () => {
  python = join(await installClient('smoke'), 'venv/bin/python')
  lake = await openLake(['writer'])
  await lake.make('POST /namespaces', { namespace: ['sales'] })
}, 600_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const script = join(import.meta.dirname, 'pyiceberg/commit_rights.py')

const deedsOf = async (name: string, ...relations: readonly string[]): Promise<unknown> => {
  await lake.makeTable(['sales'], name)
  const path = await lake.pathOf({ kind: 'table', namespace: ['sales'], name })
  for (const relation of relations) await lake.grant(path, relation, 'writer')
  const token = await lake.replicas.provider.token('writer')
  const { stdout } = await promisify(execFile)(python, [script, lake.here.catalog, 'lake', token, name])
  return JSON.parse(stdout)
}

const nothing = {
  ...{ load: 'done', append: 'forbidden', 'append again': 'forbidden', overwrite: 'forbidden' },
  ...{ delete: 'forbidden', schema: 'forbidden', properties: 'forbidden', branch: 'forbidden' },
}
const appends = { append: 'done', 'append again': 'done' }

it('append lets a client append, and do nothing else', async () => {
  expect(await deedsOf('appended', 'append')).toEqual({ ...nothing, ...appends })
})

it('each further right lets it do what it says', async () => {
  const rights = ['append', 'overwrite', 'change_schema', 'set_properties', 'change_refs']
  expect(await deedsOf('changed', ...rights)).toEqual(
    Object.fromEntries(Object.keys(nothing).map((what) => [what, 'done'])),
  )
})
