/** Catches the redirect of a sign-in on this machine (RFC 8252, 7.3). */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CommandError, exitCodes } from './exit.ts'

const path = '/callback'
const patienceMs = 5 * 60_000

const page = (text: string): string =>
  `<!doctype html><meta charset="utf-8"><title>Lakegate</title><p style="font: 1.2em sans-serif; margin: 3em">${text}`

/**
 * Listens on a free port of loopback, hands the address to `begin`, and resolves with the first URL that a provider
 * sends the browser to. Unauthenticated where nobody comes within five minutes.
 */
export const waitForRedirect = async (begin: (redirectUri: string) => void): Promise<URL> => {
  const { promise, resolve, reject } = Promise.withResolvers<URL>()
  let origin = ''
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', origin)
    const isAnswer = url.pathname === path && (url.searchParams.has('code') || url.searchParams.has('error'))
    response.writeHead(isAnswer ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      connection: 'close',
    })
    response.end(page(isAnswer ? 'You can close this page and go back to the terminal.' : 'Nothing is here.'))
    if (isAnswer) resolve(url)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const timer = setTimeout(
    () => reject(new CommandError('Nobody signed in within five minutes', exitCodes.unauthenticated)),
    patienceMs,
  )
  try {
    begin(`${origin}${path}`)
    return await promise
  } finally {
    clearTimeout(timer)
    server.close()
    server.closeIdleConnections()
  }
}
