import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { ObjectStore } from '#storage/object-store.ts'
import { openStorage } from '#storage/storage.ts'
import { rejection } from '../../support/rejection.ts'

type Answer = (response: ServerResponse) => void

const errorAnswer =
  (status: number, code: string): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/xml' })
    response.end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`)
  }

const ok: Answer = (response) => void response.writeHead(200).end()

const location = 's3://bucket/a'

/** A store whose server gives these answers in turn, the last one again and again. */
const storeThatAnswers = async (stack: AsyncDisposableStack, answers: readonly Answer[]) => {
  let asked = 0
  const server = createServer((request, response) => {
    request.resume()
    answers[Math.min(asked++, answers.length - 1)]?.(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = { accessKeyId: 'env:A', secretAccessKey: 'env:B' }
  const profile = {
    location: 's3://bucket',
    allowedLocations: [],
    s3: { endpoint, pathStyle: true, credentials },
  }
  const tools = { secret: async (reference: string) => `value-of-${reference}`, now: Date.now }
  const store: ObjectStore = stack.use(openStorage(profile, tools))
  return { store, asked: () => asked }
}

describe('what an S3 server may answer', () => {
  it('takes a missing object for deleted, also where the server says 404', async () => {
    await using stack = new AsyncDisposableStack()
    const { store } = await storeThatAnswers(stack, [errorAnswer(404, 'NoSuchKey')])
    await expect(store.delete(location)).resolves.toBeUndefined()
  })

  it('tries again while the server is busy, and then says when to come back', async () => {
    await using stack = new AsyncDisposableStack()
    const { store, asked } = await storeThatAnswers(stack, [errorAnswer(503, 'SlowDown')])
    expect(await rejection(store.read(location, { maxBytes: 9 }))).toMatchObject({
      type: 'ServiceUnavailableException',
      retryAfterSeconds: 2,
    })
    expect(asked()).toBe(3)
  })

  it('waits for a conditional write that is under way', async () => {
    await using stack = new AsyncDisposableStack()
    const conflict = errorAnswer(409, 'ConditionalRequestConflict')
    const { store, asked } = await storeThatAnswers(stack, [conflict, conflict, ok])
    await store.writeIfAbsent(location, new Uint8Array(1))
    expect(asked()).toBe(3)
  })

  it('says nothing of keys when it is refused', async () => {
    await using stack = new AsyncDisposableStack()
    const { store } = await storeThatAnswers(stack, [errorAnswer(403, 'AccessDenied')])
    const error = await rejection(store.read(location, { maxBytes: 9 }))
    expect(error).toMatchObject({ type: 'InternalServerErrorException' })
    expect(String(error)).not.toContain('value-of')
  })

  it('stops at the limit where no length was announced', async () => {
    await using stack = new AsyncDisposableStack()
    const endless: Answer = (response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write(Buffer.alloc(1000)), 1)
      response.on('close', () => clearInterval(timer))
    }
    const { store } = await storeThatAnswers(stack, [endless])
    expect(await rejection(store.read(location, { maxBytes: 5000 }))).toMatchObject({
      type: 'BadRequestException',
    })
  })

  it('never hands on half a file', async () => {
    await using stack = new AsyncDisposableStack()
    const cut: Answer = (response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => response.destroy())
    }
    const { store } = await storeThatAnswers(stack, [cut])
    expect(await rejection(store.read(location, { maxBytes: 5000 }))).toMatchObject({
      type: 'ServiceUnavailableException',
    })
  })
})
