import { expect, test } from 'vitest'
import { createAllowAll } from '#authz/allow-all.ts'
import { openTrail } from '#gateway/audit.ts'
import type { Caller, Operation, Target } from '#gateway/operation.ts'
import { resolve } from '#gateway/resolve.ts'
import { CatalogError } from '#model/errors.ts'

const caller: Caller = {
  ...{ requestId: 'r', startedAt: new Date(0), delegation: [], hops: undefined },
  sender: { address: undefined, agent: undefined },
  credentials: { authorization: undefined, origin: undefined, host: undefined },
  signal: new AbortController().signal,
}

const missing = () => new CatalogError('NotFoundException', 'Project does not exist')
const known = ['mine', 'theirs']

const operation: Operation<string, Target, string> = {
  ...{ name: 'look', kind: 'read', success: 200 },
  within: (project) => {
    if (!known.includes(project)) throw missing()
    return { project, missing }
  },
  resolve: async () => ({ warehouse: null }),
  needs: () => [{ action: 'list', resource: { kind: 'server' } }],
  run: async () => 'done',
}

const ask = async (project: string) => {
  const entered: string[] = []
  const authorizer = {
    ...createAllowAll(),
    enters: async (_: unknown, id: string) => {
      entered.push(id)
      return id === 'mine'
    },
  }
  const trail = openTrail(operation, caller)
  const found = resolve(operation, { read: () => project, authorizer, trail, limits: undefined })
  const answer = await found.then(
    () => 'found',
    (error: unknown) => (error instanceof CatalogError ? error.type : error),
  )
  return { answer, looks: entered.length }
}

test('a project that is not there costs the looks of one that may not be entered', async () => {
  expect(await ask('mine')).toEqual({ answer: 'found', looks: 1 })
  expect(await ask('theirs')).toEqual({ answer: 'NotFoundException', looks: 1 })
  expect(await ask('none')).toEqual({ answer: 'NotFoundException', looks: 1 })
})
