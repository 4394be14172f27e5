/** Where a warehouse on this machine may not lie: a gateway of its own, without any warehouse that would be in the way. */
import { mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../../support/gateway.ts'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ state: { warehouses: [] } })
  await symlink(join(gateway.folder, 'data'), join(gateway.folder, 'link'))
  await mkdir(join(gateway.folder, 'data-of-another'))
})

afterAll(() => gateway?.discard())

const create = async (location: string, allowed: readonly string[] = []) => {
  const answer = await fetch(`${gateway.origin}/management/v1/warehouse`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      'warehouse-name': location.replaceAll('/', '-'),
      'storage-profile': { type: 'file', location },
      'allowed-locations': allowed,
    }),
  })
  return { status: answer.status, text: await answer.text() }
}

const refused = { status: 400, text: expect.stringMatching(/data folder of the gateway/) }

describe('the data folder of the gateway', () => {
  test.each([
    ['at the root of the disk', () => 'file:///'],
    ['above it', () => `file://${gateway.folder}`],
    ['at it', () => `file://${gateway.folder}/data`],
    ['in it', () => `file://${gateway.folder}/data/lake`],
    ['beside the default warehouse', () => `file://${gateway.folder}/data/warehouse2`],
    ['in it by a link', () => `file://${gateway.folder}/link/lake`],
  ])('is no place for a warehouse %s', async (_name, location) => {
    expect(await create(location())).toEqual(refused)
  })

  test('is no place for tables of a warehouse elsewhere, and neither is the whole disk', async () => {
    const lake = `file://${gateway.lake}`
    expect(await create(lake, [`file://${gateway.folder}/data`])).toEqual(refused)
    expect(await create(lake, ['file:///'])).toEqual(refused)
  })

  test('has one folder that is: that of the default warehouse', async () => {
    expect(await create(`file://${gateway.folder}/data/warehouse`)).toMatchObject({ status: 201 })
  })

  test('keeps nobody from a folder whose name only begins like its own', async () => {
    expect(await create(`file://${gateway.folder}/data-of-another`)).toMatchObject({ status: 201 })
  })
})

describe('the place of a warehouse of another project', () => {
  const rival = async (path: string, location: string, allowed: readonly string[]) => {
    const answer = await fetch(`${gateway.origin}/management/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-project-id': 'rival' },
      body: JSON.stringify({
        'warehouse-name': 'theirs',
        'storage-profile': { type: 'file', location },
        'allowed-locations': allowed,
      }),
    })
    return { status: answer.status, text: await answer.text() }
  }

  test('is refused without its name, before anything is tried out in it', async () => {
    const lake = join(gateway.folder, 'shared-disk')
    await mkdir(join(lake, 'secret-name'), { recursive: true })
    expect((await create(`file://${lake}/secret-name`)).status).toBe(201)
    const body = JSON.stringify({ 'project-id': 'rival', 'project-name': 'rival' })
    const headers = { 'content-type': 'application/json' }
    await fetch(`${gateway.origin}/management/v1/project`, { method: 'POST', headers, body })
    const before = await readdir(lake, { recursive: true })
    for (const [location, allowed] of [
      [`file://${lake}/secret-name/inner`, []],
      [`file://${lake}`, []],
      [`file://${lake}/apart`, [`file://${lake}/secret-name`]],
    ] as const) {
      const made = await rival('warehouse', location, allowed)
      expect(made).toEqual({ status: 400, text: expect.stringContaining('another warehouse') })
      const looked = await rival('warehouse-creation-validation', location, allowed)
      expect(looked).toEqual({ status: 200, text: expect.stringContaining('another warehouse') })
      expect(JSON.parse(looked.text)).toMatchObject({ valid: false })
    }
    expect(await readdir(lake, { recursive: true })).toEqual(before)
  })
})
