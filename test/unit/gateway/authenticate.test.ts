import { describe, expect, test } from 'vitest'
import { openTrail, type Trail } from '#gateway/audit.ts'
import { authenticate, type HoldsRole } from '#gateway/authenticate.ts'
import type { Caller } from '#gateway/operation.ts'
import type { Principal } from '#model/access.ts'
import { isCatalogError } from '#model/errors.ts'

const ann: Principal = { kind: 'user', id: 'oidc~ann', groups: ['oidc~g'] }
const authenticator = { authenticate: () => ann }

const trailOf = (assumeRole?: string): Trail =>
  openTrail({ name: 'whoami', kind: 'read', success: 200 }, {
    ...{ requestId: 'r', startedAt: new Date(0), sender: { address: undefined, agent: undefined } },
    ...{ credentials: {}, delegation: [], hops: undefined, signal: new AbortController().signal },
    ...(assumeRole === undefined ? {} : { assumeRole }),
  } as unknown as Caller)

const refusalOf = async (trail: Trail, holdsRole?: HoldsRole): Promise<string> => {
  try {
    await authenticate({ authenticator, ...(holdsRole && { holdsRole }) }, trail)
    return 'none'
  } catch (error) {
    return isCatalogError(error) ? error.type : String(error)
  }
}

describe('whoever asks', () => {
  test('is told at once where nothing has to be looked up, and no role is asked about', () => {
    const holdsRole = (): never => {
      throw new Error('nobody asked')
    }
    expect(authenticate({ authenticator, holdsRole }, trailOf())).toBe(ann)
  })

  test('becomes the role that it has, and nothing else', async () => {
    const principal = await authenticate({ authenticator, holdsRole: () => true }, trailOf('R1'))
    expect(principal).toEqual({ kind: 'user', id: 'oidc~ann', assumedRole: 'r1' })
  })

  test('is on record where it is refused the role', async () => {
    const trail = trailOf('r1')
    expect(await refusalOf(trail, async () => false)).toBe('ForbiddenException')
    expect(trail.principal).toBe(ann)
  })

  test('is refused a role where nobody has one', async () => {
    expect(await refusalOf(trailOf('r1'))).toBe('ForbiddenException')
  })

  test('is refused for the time being where roles cannot be looked up', async () => {
    expect(await refusalOf(trailOf('r1'), () => Promise.reject(new Error('away')))).toBe(
      'ServiceUnavailableException',
    )
  })
})
