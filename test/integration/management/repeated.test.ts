/** Changes of the management face that are sent twice under one `Idempotency-Key`. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, scratchFolder, startGateway } from '../../support/gateway.ts'

let gateway: Gateway
let upstream: Gateway
let lakes: string

beforeAll(async () => {
  lakes = await scratchFolder()
  await mkdir(join(lakes, 'lake'))
  upstream = await startGateway()
  gateway = await startGateway()
})

afterAll(async () => {
  await gateway?.discard()
  await upstream?.discard()
  await rm(lakes, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly text: string
}

const send = async (key: string, line: string, body?: object): Promise<Answer> => {
  const [method = '', path = ''] = line.split(' ')
  const answer = await fetch(`${gateway.origin}/management/v1${path}`, {
    method,
    headers: { 'idempotency-key': key, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}

/** The members of the answer; both answers are one, `updated-at` included: the second request changed nothing. */
const twice = async (line: string, body?: object): Promise<Readonly<Record<string, unknown>>> => {
  const key = randomUUID()
  const first = await send(key, line, body)
  expect(first.status, `${line}: ${first.text}`).toBeLessThan(300)
  expect(await send(key, line, body), line).toEqual(first)
  return first.text === '' ? {} : JSON.parse(first.text)
}

describe('a change that is sent twice under one key', () => {
  test('happens once, and has one answer', async () => {
    const profile = { type: 'file', location: `file://${join(lakes, 'lake')}` }
    const { id } = await twice('POST /warehouse', { 'warehouse-name': 'lake', 'storage-profile': profile })
    await twice(`POST /warehouse/${id}/rename`, { 'new-name': 'sea' })
    await twice(`POST /warehouse/${id}/storage`, { 'storage-profile': profile })
    await twice(`POST /warehouse/${id}/settings`, { 'verify-metadata-file': false })
    await twice(`POST /warehouse/${id}/protection`, { protected: false })
    await twice(`POST /warehouse/${id}/deactivate`)
    await twice(`POST /warehouse/${id}/activate`)
    const config = { uri: upstream.catalog }
    const made = await twice('POST /connection', { 'connection-name': 'far', kind: 'iceberg-rest', config })
    const connection = made['connection-id']
    await twice(`POST /connection/${connection}/rename`, { 'new-name': 'near' })
    await twice(`POST /connection/${connection}/config`, { config })
    const mounted = { namespace: ['far'], 'connection-id': connection }
    const { 'mount-id': mount } = await twice(`POST /warehouse/${id}/mount`, mounted)
    await twice(`DELETE /warehouse/${id}/mount/${mount}`)
    await twice(`DELETE /connection/${connection}`)
    await twice(`DELETE /warehouse/${id}`)
  })

  test('is refused where the second one asks for something else', async () => {
    const key = randomUUID()
    const connection = (name: string) => ({
      'connection-name': name,
      kind: 'iceberg-rest',
      config: { uri: upstream.catalog },
    })
    expect((await send(key, 'POST /connection', connection('one'))).status).toBe(201)
    expect((await send(key, 'POST /connection', connection('two'))).status).toBe(422)
  })

  test('is answered with what it made, and never with what has got the name since', async () => {
    const key = randomUUID()
    const config = { uri: upstream.catalog }
    const body = { 'connection-name': 'first', kind: 'iceberg-rest', config }
    const made = JSON.parse((await send(key, 'POST /connection', body)).text)
    const id = made['connection-id']
    await send(randomUUID(), `POST /connection/${id}/rename`, { 'new-name': 'renamed' })
    expect((await send(randomUUID(), 'POST /connection', body)).status).toBe(201)
    const again = await send(key, 'POST /connection', body)
    expect([again.status, JSON.parse(again.text)]).toMatchObject([
      201,
      { 'connection-id': id, name: 'renamed' },
    ])
  })

  test('is missing the second time where another request has removed what it made', async () => {
    const key = randomUUID()
    const config = { uri: upstream.catalog }
    const body = { 'connection-name': 'brief', kind: 'iceberg-rest', config }
    const made = JSON.parse((await send(key, 'POST /connection', body)).text)
    await send(randomUUID(), `DELETE /connection/${made['connection-id']}`)
    expect((await send(key, 'POST /connection', body)).status).toBe(404)
  })
})
