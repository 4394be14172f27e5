/** Rules, tags and restrictions by the command line, as the manual tells. */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'

const root = resolve(import.meta.dirname, '../../..')
const entry = join(root, 'src/main.ts')

let granting: Granting
let eve: string
let admin: string
beforeAll(async () => {
  granting = await openGranting()
  ;[eve, admin] = [await granting.token('eve'), await granting.token('admin')]
})
afterAll(() => granting?.[Symbol.asyncDispose]())

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

const lakegate = (line: string, as = eve): Promise<Ended> => {
  const env = {
    ...process.env,
    ...{ HOME: granting.gateway.folder, XDG_CONFIG_HOME: '', LAKEGATE_TOKEN: as },
    ...{ LAKEGATE_SERVER: granting.gateway.origin, LAKEGATE_PROJECT: 'east' },
  }
  return new Promise((done) => {
    execFile(process.execPath, [entry, ...line.split(' ')], { env, cwd: root }, (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })
}

const done = async (line: string, as = eve): Promise<string> => {
  const { code, out, err } = await lakegate(line, as)
  expect(code, `${line}: ${err}`).toBe(0)
  return out + err
}

const orders = 'table:lake/sales/orders'

test('rules are tried, applied and listed', async () => {
  expect(await done('policy test policies/rules', admin)).toContain('true')
  const folder = join(granting.gateway.folder, 'rules')
  await mkdir(folder)
  await writeFile(join(folder, 'open.cedar'), '@id("open") permit (principal, action, resource);')
  expect(await done(`policy apply ${folder}`, admin)).toContain('oidc~admin')
  await writeFile(join(folder, 'wrong.cedar'), '@id("wrong") forbid (principal, action, resource);')
  const refused = await lakegate(`policy apply ${folder}`, admin)
  expect([refused.code, refused.err.includes('no decision table')]).toEqual([1, true])
  expect((await lakegate(`policy test ${folder}`, admin)).code).toBe(1)
  await done('policy apply policies/rules', admin)
  const history = JSON.parse(await done('policy history --json', admin)) as Record<string, unknown>
  expect(history['rule-sets']).toMatchObject([{ number: 3 }, { number: 2 }, { number: 1 }])
})

test('a declared folder is brought into force by apply, once', async () => {
  const folder = join(granting.gateway.folder, 'declared')
  await mkdir(folder)
  await writeFile(join(folder, 'open.cedar'), '@id("open") permit (principal, action, resource);')
  const config = join(granting.gateway.folder, 'declared.yaml')
  await writeFile(config, JSON.stringify({ state: { rules: folder } }))
  const line = `apply --config ${config} --server ${granting.gateway.origin}`
  expect(await done(line, admin)).toContain('~ rules open.cedar')
  expect(await done(line, admin)).not.toContain('rules open.cedar')
  await done('policy apply policies/rules', admin)
})

test('a tag is defined, set, inherited, and told as the reason', async () => {
  await done('tag define quarantine marker --scope namespace,table')
  await done('tag set quarantine namespace:lake/sales')
  expect(await done(`tags ${orders}`)).toContain('namespace')
  await done(`grant select ${orders} user:oidc~bob`)
  const why = await done(`policy explain user:oidc~bob read ${orders}`)
  expect(why).toContain('forbidden by: quarantine')
  expect(why).toContain('(decides)')
  await done('tag unset quarantine namespace:lake/sales')
  const freed = JSON.parse(await done(`policy explain user:oidc~bob read ${orders} --json`)) as object
  expect(freed).toMatchObject({ allowed: true })
})

test('a restriction is set from a file, shown and lifted', async () => {
  const file = join(granting.gateway.folder, 'restriction.yaml')
  await writeFile(file, 'row-filter: { type: eq, term: region, value: EU }\n')
  await done(`restriction set ${orders} ${file}`)
  const shown = JSON.parse(await done(`restriction show ${orders} --json`)) as object
  expect(shown).toMatchObject({ 'row-filter': { term: 'region' } })
  await done(`restriction lift ${orders}`)
})
