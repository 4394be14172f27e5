/** A real Keycloak on loopback: its process, its administration, and a person at its pages. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/gateway.ts'
import { install } from './clients.ts'

export interface Keycloak extends AsyncDisposable {
  readonly origin: string
  /** As its administrator; throws for any answer of failure. */
  administer(line: string, body?: object): Promise<unknown>
  /** The process is gone when it resolves. */
  stop(): Promise<void>
}

const installed = { folder: 'keycloak-26.7.3', install: 'keycloak/install.sh' }
const startTimeoutMs = 240_000

const untilReady = async (health: string, exited: () => boolean): Promise<void> => {
  const until = Date.now() + startTimeoutMs
  while (Date.now() < until && !exited()) {
    const answer = await fetch(`${health}/health/ready`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await delay(200)
  }
  throw new Error('Keycloak is not ready')
}

interface Listening {
  readonly origin: string
  readonly stop: () => Promise<void>
}

const startProcess = async (password: string): Promise<Listening> => {
  const folder = await install(installed)
  const [port, healthPort] = [await freePort(), await freePort()]
  const origin = `http://127.0.0.1:${port}`
  const options = {
    ...{ 'http-enabled': 'true', hostname: origin, 'http-host': '127.0.0.1', 'http-port': port },
    ...{ 'http-management-host': '127.0.0.1', 'http-management-port': healthPort },
  }
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const kc = path.join(folder, 'server/bin/kc.sh')
  const child = spawn('bash', [kc, 'start', '--optimized', ...flags], {
    env: {
      ...process.env,
      ...{ KC_BOOTSTRAP_ADMIN_USERNAME: 'root', KC_BOOTSTRAP_ADMIN_PASSWORD: password },
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += String(data)))
  const exited = () => child.exitCode !== null || child.signalCode !== null
  const stop = async () => {
    if (exited()) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  await untilReady(`http://127.0.0.1:${healthPort}`, exited).catch(async (cause) => {
    await stop()
    throw new Error(`${cause.message}\n${printed.slice(-3_000)}`, { cause })
  })
  return { origin, stop }
}

/** What an endpoint of OAuth answers to a form, whatever its status. */
export const post = async (
  uri: string,
  form: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> => {
  const answer = await fetch(uri, { method: 'POST', body: new URLSearchParams(form) })
  const text = await answer.text()
  return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, string>>)
}

export const startKeycloak = async (): Promise<Keycloak> => {
  const password = randomBytes(18).toString('hex')
  const { origin, stop } = await startProcess(password)
  const administer = async (line: string, body?: object): Promise<unknown> => {
    const [method = '', target = ''] = line.split(' ')
    const { access_token: token } = await post(`${origin}/realms/master/protocol/openid-connect/token`, {
      ...{ grant_type: 'password', client_id: 'admin-cli', username: 'root', password },
    })
    const answer = await fetch(`${origin}/admin/realms${target}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${line}: ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  return { origin, administer, stop, [Symbol.asyncDispose]: stop }
}

interface Page {
  readonly address: string
  readonly html: string
}

/** A browser as far as Keycloak's pages need one: it keeps cookies, follows redirects, and sends forms. */
const openBrowser = () => {
  const cookies = new Map<string, string>()
  const go = async (address: string, form?: Readonly<Record<string, string>>): Promise<Page> => {
    const answer = await fetch(address, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const next = answer.headers.get('location')
    const html = await answer.text()
    return next === null ? { address, html } : go(new URL(next, address).href)
  }
  return go
}

const formOf = ({ html, address }: Page): string => {
  const [, action] = /<form[^>]* action="([^"]+)"/.exec(html) ?? []
  if (action === undefined) throw new Error(`no form at ${address}:\n${html.slice(0, 2_000)}`)
  return new URL(action.replaceAll('&amp;', '&'), address).href
}

/** A person opens the address that a device shows, signs in there, and lets the device in. */
export const confirmDevice = async (
  address: string,
  person: { readonly username: string; readonly password: string },
): Promise<void> => {
  const go = openBrowser()
  const signIn = await go(address)
  const consent = await go(formOf(signIn), { ...person, credentialId: '' })
  const [, code = ''] = /name="code" value="([^"]*)"/.exec(consent.html) ?? []
  const done = await go(formOf(consent), { code, accept: 'Yes' })
  if (!/success/i.test(done.html)) throw new Error(`the device was not let in: ${done.html.slice(0, 2_000)}`)
}
