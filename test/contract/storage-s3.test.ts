import dns from 'node:dns'
import { once } from 'node:events'
import { createServer, request as sendOn } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '#storage/object-store.ts'
import { openStorage } from '#storage/storage.ts'
import { freePort } from '../support/gateway.ts'
import { hasMinio, type Minio, startMinio } from '../support/minio.ts'
import { rejection } from '../support/rejection.ts'
import { describeStorage, type StorageUnderTest } from './storage.ts'

const maxBytes = 1000
const bytes = new TextEncoder().encode('x')

describe.skipIf(!hasMinio())('S3', () => {
  let minio: Minio
  let secrets: Record<string, string>
  beforeAll(async () => {
    minio = await startMinio()
    secrets = { 'env:A': minio.accessKeyId, 'env:B': minio.secretAccessKey }
    await minio.createBucket('lake')
    await minio.createBucket('other')
  })
  afterAll(() => minio?.stop())
  const credentials = { accessKeyId: 'env:A', secretAccessKey: 'env:B' }
  const tools = { secret: async (reference: string) => secrets[reference] ?? '', now: Date.now }
  const open = (location: string, endpoint = minio.endpoint, pathStyle = true): ObjectStore =>
    openStorage({ location, allowedLocations: [], s3: { endpoint, pathStyle, credentials } }, tools)

  describeStorage(
    'S3, path style',
    async (): Promise<StorageUnderTest> => ({
      store: open('s3://lake/path style'),
      root: 's3a://lake/path style',
      outside: 's3://other/a',
      [Symbol.asyncDispose]: async () => {},
    }),
  )

  describeStorage('S3, virtual host style', async (): Promise<StorageUnderTest> => {
    // No name server knows the store's domain: names below it are this machine.
    const resolved = new Set<string>()
    const { lookup } = dns
    type Resolved = (error: Error | null, addresses: dns.LookupAddress[]) => void
    Reflect.set(dns, 'lookup', (host: string, options: dns.LookupAllOptions, callback: Resolved) => {
      resolved.add(host)
      lookup(host.endsWith(`.${minio.domain}`) ? '127.0.0.1' : host, options, callback)
    })
    const endpoint = minio.endpoint.replace('127.0.0.1', minio.domain)
    return {
      store: open('s3://lake/virtual', endpoint, false),
      root: 's3n://lake/virtual',
      outside: 's3://lake/other/a',
      [Symbol.asyncDispose]: async () => {
        Reflect.set(dns, 'lookup', lookup)
        expect(resolved).toEqual(new Set([`lake.${minio.domain}`]))
      },
    }
  })

  it('lists beyond one page', async () => {
    await using store = open('s3://lake/many')
    const names = Array.from({ length: 1_050 }, (_, i) => `s3://lake/many/${i}`)
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(names.slice(i, i + 50).map((name) => store.writeIfAbsent(name, bytes)))
    const found = await Array.fromAsync(store.list('s3://lake/many'))
    expect(found.map((object) => object.location).sort()).toEqual(names.sort())
  })

  it('says that a store is down, or refuses, and which of the two', async () => {
    await using down = open('s3://lake', `http://127.0.0.1:${await freePort()}`)
    expect(await rejection(down.read('s3://lake/a', { maxBytes }))).toMatchObject({
      type: 'ServiceUnavailableException',
    })
    await using denied = openStorage(
      {
        location: 's3://lake',
        allowedLocations: [],
        s3: {
          endpoint: minio.endpoint,
          pathStyle: true,
          credentials: { ...credentials, secretAccessKey: 'env:A' },
        },
      },
      tools,
    )
    expect(await rejection(denied.writeIfAbsent('s3://lake/a', bytes))).toMatchObject({
      type: 'InternalServerErrorException',
    })
  })

  it('recognises its own write when the first answer was lost', async () => {
    const proxy = createLossyProxy(minio.endpoint)
    await using store = open('s3://lake/lost', await proxy.listen())
    await store.writeIfAbsent('s3://lake/lost/a', bytes)
    expect(proxy.lost()).toBe(1)
    expect(await store.read('s3://lake/lost/a', { maxBytes })).toEqual(Buffer.from('x'))
    proxy.close()
  })

  it('reads secrets once for many requests, and again after some minutes', async () => {
    let asked = 0
    let ago = 0
    const counting = {
      secret: (reference: string) => {
        asked++
        return tools.secret(reference)
      },
      now: () => Date.now() - ago,
    }
    const s3 = { endpoint: minio.endpoint, pathStyle: true, credentials }
    const profile = { location: 's3://lake', allowedLocations: [], s3 }
    await using store = openStorage(profile, counting)
    for (let i = 0; i < 5; i++) await store.exists('s3://lake/secrets/a')
    expect(asked).toBe(2)
    ago = 600_000
    await using aged = openStorage(profile, counting)
    for (let i = 0; i < 5; i++) await aged.exists('s3://lake/secrets/a')
    expect(asked).toBeGreaterThan(4)
  })

  it('stops reading when the caller goes away', async () => {
    await using store = open('s3://lake/abort')
    await store.writeIfAbsent('s3://lake/abort/a', new Uint8Array(8_000_000))
    const controller = new AbortController()
    const reading = rejection(store.read('s3://lake/abort/a', { maxBytes: 9e6, signal: controller.signal }))
    controller.abort(new Error('gone'))
    expect(await reading).toMatchObject({ message: 'gone' })
  })
})

/** Hands every request on as it came, and cuts the connection instead of giving the first answer to a PUT. */
const createLossyProxy = (endpoint: string) => {
  let lost = 0
  const { hostname, port } = new URL(endpoint)
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    const onward = sendOn({ hostname, port, method, path: url, headers }, (answer) => {
      if (method === 'PUT' && lost === 0) {
        lost++
        request.socket.destroy()
        return
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  return {
    listen: async (): Promise<string> => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    lost: () => lost,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
