import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '#store/database.ts'
import { insertProject } from '#store/projects.ts'
import { resealSecrets } from '#store/resealing.ts'
import { createSealing, type SealingKey } from '#store/sealing.ts'
import { insertSecrets, openSecret } from '#store/secrets.ts'
import { claimKey, loadServer } from '#store/server.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'

const newKey = (): SealingKey => ({ key: randomBytes(32), fingerprint: randomUUID() })
const scope = { purpose: 'connection', projectId: 'a' }

describe.each(testServers)('another server key on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  let from: SealingKey
  let to: SealingKey
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
    await database.transaction((tx) => insertProject(tx, { id: 'a', name: 'a' }))
  })
  afterAll(() => db[Symbol.asyncDispose]())
  beforeEach(async () => {
    await database.execute('delete from secret')
    await database.execute('update server set key_fingerprint = null')
    from = newKey()
    to = newKey()
    await claimKey(database, from.fingerprint)
  })

  const seal = async (count: number, key = from): Promise<readonly string[]> => {
    const secrets = Array.from({ length: count }, (_, i) =>
      createSealing(key).seal(`sealed value ${i}`, scope),
    )
    await insertSecrets(database, secrets)
    return secrets.map(({ id }) => id)
  }
  const open = (id: string, key: SealingKey) =>
    openSecret({ sql: database, sealing: createSealing(key) }, id, scope)
  const reseal = (change = { from, to }) => database.transaction((tx) => resealSecrets(tx, change))
  const dump = () => database.query('select * from secret order by id')
  const fingerprint = async () => (await loadServer(database)).keyFingerprint

  it('opens every secret of before, however many, and the old one opens none', async () => {
    const ids = await seal(1_203)
    expect(await reseal()).toBe(1_203)
    for (const at of [0, 600, 1_202]) expect(await open(ids[at] ?? '', to)).toBe(`sealed value ${at}`)
    await expect(open(ids[0] ?? '', from)).rejects.toThrow(/another key/)
    expect(await fingerprint()).toBe(to.fingerprint)
    const events = await database.query(`select data from outbox where type = 'server.key-changed'`)
    expect(events).toContainEqual({ data: { secrets: 1_203 } })
  })

  it('does nothing when it is said again', async () => {
    await seal(2)
    await reseal()
    const before = await dump()
    expect(await reseal()).toBeUndefined()
    expect(await dump()).toEqual(before)
  })

  it('changes nothing where one secret does not open, and names it', async () => {
    const ids = await seal(3)
    await database.execute('update secret set sealed = sealed_key where id = $1', [ids[1]])
    const before = await dump()
    await expect(reseal()).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining(ids[1] ?? 'none'),
    })
    expect([await dump(), await fingerprint()]).toEqual([before, from.fingerprint])
  })

  it('is refused to whoever does not have the present one', async () => {
    await seal(1)
    await expect(reseal({ from: newKey(), to })).rejects.toMatchObject({ status: 409 })
    expect(await fingerprint()).toBe(from.fingerprint)
  })

  it('lets nobody seal with the old one: neither after, nor meanwhile', async () => {
    const turns = Array.from({ length: 12 }, async () =>
      database.transaction((tx) => insertSecrets(tx, [createSealing(from).seal('late', scope)])),
    )
    const [, ...late] = await Promise.allSettled([reseal(), ...turns])
    for (const turn of late)
      if (turn.status === 'rejected') expect(turn.reason).toMatchObject({ status: 503 })
    const left = await database.query('select from secret where key_fingerprint <> $1', [to.fingerprint])
    expect(left).toEqual([])
    await expect(seal(1)).rejects.toMatchObject({ status: 503 })
  })
})
