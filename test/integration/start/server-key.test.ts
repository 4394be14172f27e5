/** Another server key, on whole gateways: what was sealed before is good after it. */
import { randomBytes, randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Gateway, runLakegate, startGateway } from '../../support/gateway.ts'

const admin = randomUUID()
const newKey = (): string => randomBytes(32).toString('base64')
const open: Gateway[] = []
afterEach(async () => {
  // The last first: an earlier one's folder is also that of the one that came after it.
  for (const gateway of open.splice(0).reverse()) await gateway.discard()
})

const start = async (env: Readonly<Record<string, string>>, folder?: string): Promise<Gateway> => {
  const more = folder === undefined ? {} : { folder }
  const gateway = await startGateway({ state: {}, env: { LAKEGATE_TOKEN: admin, ...env }, ...more })
  open.push(gateway)
  return gateway
}

/** The ids of the signing keys, whose private halves are sealed: without the right key there is no answer. */
const signingKeys = async ({ origin }: Gateway): Promise<string> => {
  const answer = await fetch(`${origin}/.well-known/jwks.json`)
  expect(answer.status).toBe(200)
  return answer.text()
}

const reseal = ({ folder }: Gateway, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runLakegate(
    [
      ...['reseal-secrets', '--config', join(folder, 'lakegate.yaml'), '--data', join(folder, 'data')],
      ...args,
    ],
    { LAKEGATE_TOKEN: admin, ...env },
  )

test('that was configured: the gateway starts with the new one and with no other', async () => {
  const [old, next] = [newKey(), newKey()]
  const gateway = await start({ LAKEGATE_KEY: old })
  const before = await signingKeys(gateway)
  await gateway.stop()
  await expect(reseal(gateway, [], { LAKEGATE_KEY: old })).rejects.toThrow(/--new-key/)
  const said = ['--new-key', 'env:NEXT'] as const
  const { stdout } = await reseal(gateway, said, { LAKEGATE_KEY: old, NEXT: next })
  expect(stdout).toMatch(/Sealed \d+ secrets/)
  expect((await reseal(gateway, said, { LAKEGATE_KEY: old, NEXT: next })).stdout).toMatch(/already/)
  await expect(start({ LAKEGATE_KEY: old }, gateway.folder)).rejects.toThrow(/LAKEGATE_KEY/)
  expect(await signingKeys(await start({ LAKEGATE_KEY: next }, gateway.folder))).toBe(before)
}, 120_000)

test('that lies in the data folder: it is replaced there, for the owner alone', async () => {
  const gateway = await start({})
  const before = await signingKeys(gateway)
  const path = join(gateway.folder, 'data', 'server.key')
  const old = await readFile(path, 'utf8')
  await expect(reseal(gateway, [])).rejects.toThrow(/gateway/i)
  await gateway.stop()
  await reseal(gateway, [])
  expect(await readFile(path, 'utf8')).not.toBe(old)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await signingKeys(await start({}, gateway.folder))).toBe(before)
}, 120_000)
