import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { deleteConnection, insertConnection, updateConnection } from '#store/connections.ts'
import type { Database } from '#store/database.ts'
import { insertProject } from '#store/projects.ts'
import { createSealing } from '#store/sealing.ts'
import { insertSecrets, openSecret } from '#store/secrets.ts'
import { loadSigningKeys, rotateSigningKeys, type SigningSchedule } from '#store/signing-keys.ts'
import { pruneSpentTokens, spendToken } from '#store/spent-tokens.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'

const sealing = createSealing({ key: Buffer.alloc(32, 3), fingerprint: 'f' })
const scope = { purpose: 'connection', projectId: 'a' }

describe.each(testServers)('what is kept sealed on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
    for (const id of ['a', 'b']) await database.transaction((tx) => insertProject(tx, { id, name: id }))
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const open = (id: string, wanted = scope) => openSecret({ sql: database, sealing }, id, wanted)
  const ids = async (): Promise<readonly string[]> =>
    (await database.query<{ id: string }>('select id from secret')).map(({ id }) => id)

  describe('a secret', () => {
    beforeEach(() => database.execute('delete from secret'))

    it('opens for its purpose and project, and for no other', async () => {
      const sealed = sealing.seal('hunter2', scope)
      await insertSecrets(database, [sealed])
      expect(await open(sealed.id)).toBe('hunter2')
      for (const other of [
        { ...scope, projectId: 'b' },
        { ...scope, purpose: 'storage-credential' },
      ])
        await expect(open(sealed.id, other)).rejects.toMatchObject({ status: 400 })
    })

    it('does not open for another project by way of a changed row', async () => {
      const sealed = sealing.seal('hunter2', scope)
      await insertSecrets(database, [sealed])
      await database.execute(`update secret set project_id = 'b'`)
      await expect(open(sealed.id, { ...scope, projectId: 'b' })).rejects.toThrow(/cannot be opened/)
    })

    it('goes with what refers to it: when that is changed, and when it is deleted', async () => {
      const [first, second] = [sealing.seal('one', scope), sealing.seal('two', scope)]
      const configOf = (...secrets: { id: string }[]) => ({ auth: secrets.map(({ id }) => `secret:${id}`) })
      const { id } = await database.transaction(async (tx) => {
        const draft = { projectId: 'a', name: 'c', kind: 'k', config: configOf(first, second) }
        const record = await insertConnection(tx, draft)
        await insertSecrets(tx, [first, second])
        return record
      })
      await database.transaction((tx) => updateConnection(tx, { id }, { name: 'renamed' }))
      expect((await ids()).toSorted()).toEqual([first.id, second.id].toSorted())
      await database.transaction((tx) => updateConnection(tx, { id }, { config: configOf(second) }))
      expect(await ids()).toEqual([second.id])
      await database.transaction((tx) => deleteConnection(tx, { id }))
      expect(await ids()).toEqual([])
    })
  })

  describe('a signing key', () => {
    const hour: SigningSchedule = { rotateSeconds: 3600, leadSeconds: 600, keepSeconds: 3600 }
    const load = (schedule = hour) => loadSigningKeys({ database, sealing, schedule })
    const age = (seconds: number) =>
      database.execute(
        `update signing_key set active_from = active_from - make_interval(secs => $1),
           active_until = active_until - make_interval(secs => $1)`,
        [seconds],
      )
    beforeEach(async () => {
      await database.execute('delete from signing_key')
      await database.execute('delete from secret')
    })

    it('is one, however many replicas come for it at once', async () => {
      const loads = await Promise.all(Array.from({ length: 8 }, () => load()))
      expect(new Set(loads.flat().map(({ id }) => id)).size).toBe(1)
    })

    it('is followed by the next, which is published before it signs', async () => {
      const [first] = await load()
      await age(3600 - 500)
      const loads = await Promise.all(Array.from({ length: 4 }, () => load()))
      const [same, next, ...more] = loads[0] ?? []
      expect([same?.id, more]).toEqual([first?.id, []])
      expect(next?.activeFrom).toBe(same?.activeUntil)
      expect(next?.activeFrom).toBeGreaterThan(Date.now())
      expect(new Set(loads.flat().map(({ id }) => id)).size).toBe(2)
    })

    it('is published until its last token is over, and gone then, with its private half', async () => {
      const [first] = await load()
      await age(3600 + 3500)
      expect((await load()).map(({ id }) => id)).toContain(first?.id)
      await age(200)
      expect((await load()).map(({ id }) => id)).not.toContain(first?.id)
      const [{ secrets, keys } = { secrets: 0, keys: 0 }] = await database.query<{
        secrets: number
        keys: number
      }>('select (select count(*) from secret) as secrets, (select count(*) from signing_key) as keys')
      expect(secrets).toBe(keys)
    })

    it('is replaced when told to: the new one signs in a moment, no other ever again, and all stay published', async () => {
      await load()
      await age(3600 - 500)
      const before = await load()
      expect(before.filter(({ activeFrom }) => activeFrom > Date.now())).not.toEqual([])
      const rotate = () => database.transaction((tx) => rotateSigningKeys(tx, { sealing, schedule: hour }))
      const { id, activeFrom } = await rotate()
      const inSeconds = (activeFrom.getTime() - Date.now()) / 1000
      expect([inSeconds > 10, inSeconds < 20]).toEqual([true, true])
      const after = await load()
      expect(after.map((key) => key.id).toSorted()).toEqual([...before.map((key) => key.id), id].toSorted())
      expect(after.at(-1)?.id).toBe(id)
      for (const old of after.slice(0, -1))
        expect(Math.max(old.activeFrom + 1, old.activeUntil)).toBeLessThanOrEqual(activeFrom.getTime())
    })

    it('is replaced by one of many at once after the other, up to a bound', async () => {
      const rotate = () => database.transaction((tx) => rotateSigningKeys(tx, { sealing, schedule: hour }))
      const turns = await Promise.allSettled(Array.from({ length: 24 }, rotate))
      const refused = turns.flatMap((turn) => (turn.status === 'rejected' ? [turn.reason] : []))
      expect(refused.length).toBeGreaterThan(3)
      for (const error of refused) expect(error).toMatchObject({ status: 409 })
      const keys = await load()
      expect(keys).toHaveLength(20)
      expect(keys.filter(({ activeUntil }) => activeUntil > Date.now() + 60_000)).toHaveLength(1)
    })

    it('keeps its private half out of the table', async () => {
      const [key] = await load()
      const secret = key?.privateKey.export({ format: 'jwk' }).d ?? 'missing'
      const rows = await database.query<{ row: string }>(
        'select t::text as row from signing_key t union all select s::text from secret s',
      )
      const dump = rows.map(({ row }) => row).join('\n')
      expect(dump).not.toContain(secret)
      expect(dump).not.toContain(Buffer.from(secret, 'base64url').toString('hex'))
    })
  })

  describe('a spent token', () => {
    let count = 0
    const fresh = () => Buffer.from(`token ${count++}`)
    const spend = (digest: Buffer, graceSeconds: number) =>
      spendToken(database, { digest, graceSeconds, expiresAt: Date.now() + 60_000 })

    it('is spent by one of many that come at once', async () => {
      const digest = fresh()
      const spent = await Promise.all(Array.from({ length: 8 }, () => spend(digest, 0)))
      expect(spent.filter(Boolean)).toHaveLength(1)
    })

    it('may be repeated within its grace, and not after it', async () => {
      const digest = fresh()
      expect([await spend(digest, 60), await spend(digest, 60)]).toEqual([true, true])
      await database.execute(`update spent_token set spent_at = spent_at - interval '61 seconds'`)
      expect(await spend(digest, 60)).toBe(false)
    })

    it('is forgotten when it would be refused without a record', async () => {
      const digest = fresh()
      await spend(digest, 0)
      await pruneSpentTokens(database)
      expect(await spend(digest, 0)).toBe(false)
      await database.execute(`update spent_token set expires_at = now() - interval '2 hours'`)
      expect(await pruneSpentTokens(database)).toBeGreaterThan(0)
      expect(await spend(digest, 0)).toBe(true)
    })
  })
})
