import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  hasReferenceServer,
  type ReferenceServer,
  startReferenceServer,
} from '../support/reference-server.ts'

describe.skipIf(!hasReferenceServer)('the reference server', () => {
  let server: ReferenceServer

  beforeAll(async () => {
    server = await startReferenceServer()
  })
  afterAll(() => server.stop())

  test('starts empty and lays tables into its own folder', async () => {
    const post = (path: string, body: unknown) =>
      fetch(server.uri + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    expect(await (await fetch(`${server.uri}/v1/namespaces`)).json()).toMatchObject({ namespaces: [] })
    await post('/v1/namespaces', { namespace: ['a'] })
    const answer = await post('/v1/namespaces/a/tables', {
      name: 't',
      schema: { type: 'struct', fields: [{ id: 1, name: 'x', type: 'int', required: false }] },
    })
    expect(answer.status).toBe(200)
    const table = (await answer.json()) as { 'metadata-location': string }
    expect(table['metadata-location']).toContain(`${server.warehouseDir}/a/t/metadata/00000-`)
  })
})
