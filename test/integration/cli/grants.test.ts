/** Grants by the command line: given by name, listed, asked about, and taken. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exitCodes } from '#cli/exit.ts'
import { type Granting, openGranting } from '../../support/granting.ts'

const entry = resolve(import.meta.dirname, '../../../src/main.ts')

let granting: Granting
let token: string
beforeAll(async () => {
  granting = await openGranting()
  token = await granting.token('eve')
})
afterAll(() => granting?.[Symbol.asyncDispose]())

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

const lakegate = (line: string, as = token): Promise<Ended> => {
  const env = {
    ...process.env,
    ...{ HOME: granting.gateway.folder, XDG_CONFIG_HOME: '', LAKEGATE_TOKEN: as },
    ...{ LAKEGATE_SERVER: granting.gateway.origin, LAKEGATE_PROJECT: 'east' },
  }
  return new Promise((done) => {
    execFile(process.execPath, [entry, ...line.split(' ')], { env }, (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })
}

const shown = async (line: string, as = token): Promise<Record<string, unknown>> => {
  const { code, out, err } = await lakegate(`${line} --json`, as)
  expect(code, `${line}: ${err}`).toBe(0)
  return JSON.parse(out) as Record<string, unknown>
}

test('a right is given by names, listed, had and taken', async () => {
  const object = 'table:lake/sales/orders'
  const until = '2999-01-31T18:00:00.000Z'
  expect((await lakegate(`grant select ${object} user:oidc~bob --until ${until}`)).code).toBe(0)
  expect(await shown(`grants ${object}`)).toMatchObject({
    assignments: expect.arrayContaining([{ type: 'select', user: 'oidc~bob', 'expires-at': until }]),
  })
  const bob = await granting.token('bob')
  expect(await shown(`access ${object} --only operations`, bob)).toMatchObject({
    'allowed-actions': expect.arrayContaining([{ action: 'read_data' }]),
  })
  expect((await shown(`reach ${object} --action read`))['reach']).toContainEqual(
    expect.objectContaining({ user: 'oidc~bob', by: 'direct' }),
  )
  expect((await shown('holdings', bob))['holdings']).toHaveLength(1)
  expect((await lakegate(`revoke select ${object} user:oidc~bob`)).code).toBe(0)
  expect((await lakegate('holdings', bob)).code).toBe(exitCodes.missing)
  expect((await lakegate(`access ${object}`, bob)).code).toBe(exitCodes.missing)
})

test('every kind of object is named, and what is none is said before anything is sent', async () => {
  for (const object of [
    'project',
    'warehouse:lake',
    'namespace:lake/sales',
    'view:lake/sales/recent',
    'role:readers',
  ])
    expect((await shown(`grants ${object}`))['assignments'], object).toBeDefined()
  expect((await lakegate('grants table:lake')).code).toBe(exitCodes.usage)
  expect((await lakegate('grants lake')).code).toBe(exitCodes.usage)
  expect((await lakegate('grants table:lake/sales/none')).code).toBe(exitCodes.missing)
})

test('managed access is set and shown', async () => {
  expect((await lakegate('managed-access namespace:lake/sales --set true')).code).toBe(0)
  expect(await shown('managed-access namespace:lake/sales')).toMatchObject({ 'managed-access': true })
  expect((await lakegate('managed-access namespace:lake/sales --set false')).code).toBe(0)
})
