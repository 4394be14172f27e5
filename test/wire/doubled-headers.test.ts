import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { staticTokenAuthenticator } from '../support/static-token.ts'
import { exchange } from '../support/wire.ts'

const right = 'Authorization: Bearer right'
const wrong = 'Authorization: Bearer wrong'

describe('a header that stands twice', () => {
  let gateway: MemoryGateway
  beforeAll(async () => {
    gateway = await startMemoryGateway({ authenticator: staticTokenAuthenticator('right') })
  })
  afterAll(() => gateway.stop())

  const statusOf = async (...headers: readonly string[]): Promise<string> => {
    const lines = ['GET /catalog/v1/config HTTP/1.1', ...headers, 'Connection: close', '', '']
    return (await exchange(gateway.port, Buffer.from(lines.join('\r\n')))).slice(9, 12)
  }

  test('is taken while it stands once', async () => {
    expect(await statusOf('Host: a', right)).toBe('200')
  })

  test.each([
    ['the right token, then a wrong one', [right, wrong]],
    ['a wrong token, then the right one', [wrong, right]],
    ['the right token twice', [right, right]],
    ['the right token, in two spellings of the name', [right, right.toUpperCase().replace('RIGHT', 'right')]],
  ])('is no credential: %s', async (_, headers) => {
    expect(await statusOf('Host: a', ...headers)).toBe('401')
  })
})

test('two names of this host are not the one that a browser must have come to', async () => {
  const gateway = await startMemoryGateway({ mode: 'development' })
  const lines = [
    'GET /catalog/v1/config HTTP/1.1',
    'Host: localhost',
    'Host: evil.example',
    'Connection: close',
  ]
  const answer = await exchange(gateway.port, Buffer.from([...lines, '', ''].join('\r\n')))
  expect(answer.slice(9, 12)).toMatch(/400|403/)
  await gateway.stop()
})
