import { expect, test } from 'vitest'
import type { Authorizer, Circumstances } from '#authz/authorizer.ts'
import { whoMay } from '#authz/who-may.ts'
import type { Principal } from '#model/access.ts'

const circumstances = {} as Circumstances
const need = { action: 'describe', resource: { kind: 'server' } } as const
const crowd = Array.from({ length: 250 }, (_, i): Principal => ({ kind: 'user', id: `oidc~${i}` }))
const isEven = ({ id }: Principal): boolean => Number(id.slice('oidc~'.length)) % 2 === 0

test('a crowd is asked about a hundred at a time, and answered in order', async () => {
  const sizes: number[] = []
  const authorizer: Pick<Authorizer, 'whoMay'> = {
    whoMay: async (principals) => {
      sizes.push(principals.length)
      return principals.map(isEven)
    },
  }
  const answers = await whoMay(authorizer as Authorizer, { principals: crowd, need }, circumstances)
  expect(sizes).toEqual([100, 100, 50])
  expect(answers).toEqual(crowd.map(isEven))
})
