/** The mirror of grants in an OpenFGA server, where two keep it at once, and where the server is not as it was left. */
import { randomUUID } from 'node:crypto'
import { CredentialsMethod, OpenFgaClient } from '@openfga/sdk'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { compileModel } from '#authz/compiled-model.ts'
import { authorizationModel } from '#authz/model.ts'
import type { ObjectKey } from '#authz/objects.ts'
import type { Fga } from '#authz/openfga/fga.ts'
import { openFga, prepareFga } from '#authz/openfga/fga-client.ts'
import { type MirrorSource, mirrorSome } from '#authz/openfga/fga-mirror.ts'
import type { Database } from '#store/database.ts'
import { attachMirror, loadGrantsOn, loadPending, settlePending } from '#store/grant-mirror.ts'
import { loadPolicyEpoch } from '#store/server.ts'
import { openEngine } from '../../../src/policy-engine.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { hasOpenFga, type OpenFga, startOpenFga } from '../../support/openfga.ts'

const chain: readonly ObjectKey[] = ['table:t', 'namespace:w/n', 'warehouse:w', 'project:p', 'server:s']
const everyone = { roles: new Set<string>(), projects: new Set<string>(), serverAdmin: false }

describe.skipIf(!hasOpenFga())('grants in an OpenFGA server', () => {
  let server: OpenFga
  let db: TestDatabase
  let database: Database
  let parts: AsyncDisposableStack
  let storeName: string
  beforeAll(async () => {
    server = await startOpenFga()
  }, 180_000)
  afterAll(() => server?.stop())
  beforeEach(async () => {
    parts = new AsyncDisposableStack()
    db = parts.use(await openTestDatabase())
    database = db.database
    storeName = `lakegate-${randomUUID()}`
  })
  afterEach(() => parts.disposeAsync())

  const access = () => ({ url: server.url, token: server.token, storeName })
  const client = (storeId?: string): OpenFgaClient =>
    new OpenFgaClient({
      apiUrl: server.url,
      ...(storeId === undefined ? {} : { storeId }),
      credentials: { method: CredentialsMethod.ApiToken, config: { token: server.token } },
    })
  const grant = (who: string, object: ObjectKey = 'table:t') =>
    database.execute(
      `insert into relation_tuple (object, relation, subject_kind, subject_id, granted_by)
       values ($1, 'select', 'principal', $2, 'test')`,
      [object, who],
    )
  const revoke = (who: string) => database.execute('delete from relation_tuple where subject_id = $1', [who])
  const waiting = async (): Promise<readonly string[]> =>
    (await database.query<{ object: string }>('select object from unmirrored_object')).map(
      (row) => row.object,
    )
  const untilMirrored = () => expect.poll(waiting, { timeout: 20_000 }).toEqual([])
  const placeNow = async () =>
    (await database.query<{ store: string }>(`select grants_mirror ->> 'store' as store from server`))[0]
      ?.store

  const open = () => {
    const engine = parts.use(
      openEngine({
        ...{ database, model: compileModel(authorizationModel), fga: access() },
        loadEpoch: () => loadPolicyEpoch(database),
        now: () => performance.now(),
        report: () => undefined,
      }),
    )
    return async (who: string): Promise<boolean> => {
      const [answer] = await engine.check(
        { ...everyone, principal: who },
        [{ relation: 'can_read', type: 'table', chain }],
        Number.POSITIVE_INFINITY,
      )
      return answer === true
    }
  }

  const source: MirrorSource = {
    pending: (store, size) => loadPending(database, store, size),
    grantsOn: (object) => loadGrantsOn(database, object),
    done: (object) => settlePending(database, object),
  }
  const connect = async (): Promise<Fga> => {
    const place = await attachMirror(database, async (known) => ({
      ...(await prepareFga(access(), known && { ...known, current: true })),
      digest: 'of the model',
    }))
    return openFga(access(), place, () => undefined)
  }
  const held = async (fga: Fga): Promise<readonly string[]> =>
    (await Array.fromAsync(fga.read('table:t'))).map(({ user }) => user).toSorted()

  test('do not come back by a mirror that has fallen behind another one', async () => {
    const fga = await connect()
    await grant('mallory')
    const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow: Fga = {
      ...fga,
      change: async (change) => {
        reached.resolve()
        await goOn.promise
        await fga.change(change)
      },
    }
    const late = mirrorSome(source, slow)
    await reached.promise
    await revoke('mallory')
    await mirrorSome(source, fga)
    expect(await waiting()).toEqual([])
    // The late one has been told of a change that has the count of an earlier one.
    await grant('alice')
    goOn.resolve()
    await late
    expect(await waiting()).toEqual(['table:t'])
    await mirrorSome(source, fga)
    expect(await held(fga)).toEqual(['principal:alice'])
    expect(await waiting()).toEqual([])
  })

  test('are told anew where two mirrors have told of the same object at once', async () => {
    const fga = await connect()
    await grant('mallory')
    const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const change: Fga['change'] = async (one) => {
      reached.resolve()
      await goOn.promise
      await fga.change(one)
    }
    const late = mirrorSome(source, { ...fga, change })
    await reached.promise
    await revoke('mallory')
    await mirrorSome(source, fga)
    goOn.resolve()
    await late
    await mirrorSome(source, fga)
    expect(await held(fga)).toEqual([])
  })

  test('are ours alone: a store of the same name and what it holds are nobody’s', async () => {
    const { id } = await client().createStore({ name: storeName })
    const foreign = await client(id).writeAuthorizationModel(
      authorizationModel as unknown as Parameters<OpenFgaClient['writeAuthorizationModel']>[0],
    )
    await client(id).write(
      { writes: [{ user: 'principal:mallory', relation: 'select', object: 'warehouse:w' }] },
      { authorizationModelId: foreign.authorization_model_id },
    )
    const mayRead = open()
    expect(await mayRead('mallory')).toBe(false)
    await grant('alice')
    await untilMirrored()
    expect(await mayRead('alice')).toBe(true)
    expect(await mayRead('mallory')).toBe(false)
  })

  test('are told anew where the server has lost the model: what else it holds is older', async () => {
    const first = open()
    await grant('alice')
    await grant('mallory')
    expect(await first('mallory')).toBe(true)
    await untilMirrored()
    const before = await placeNow()
    await database.execute(
      `update server set grants_mirror = jsonb_set(grants_mirror, '{model}', '"01ARZ3NDEKTSV4RRFFQ69G5FAV"')`,
    )
    await database.execute(`alter table relation_tuple disable trigger user`)
    await revoke('mallory')
    await database.execute(`alter table relation_tuple enable trigger user`)
    const second = open()
    expect(await second('mallory')).toBe(false)
    expect(await placeNow()).not.toBe(before)
    await untilMirrored()
    expect(await second('mallory')).toBe(false)
    expect(await second('alice')).toBe(true)
    // Who was connected before is connected anew.
    expect(await first('mallory')).toBe(false)
    expect(await first('alice')).toBe(true)
  })

  test('are told to a server that came back empty, though nobody asks it', async () => {
    const mayRead = open()
    await grant('alice')
    expect(await mayRead('alice')).toBe(true)
    await untilMirrored()
    const before = await placeNow()
    await server.stop()
    server = await startOpenFga({ port: Number(new URL(server.url).port) })
    await grant('bob')
    await untilMirrored()
    expect(await placeNow()).not.toBe(before)
    const fga = await connect()
    expect(await held(fga)).toEqual(['principal:alice', 'principal:bob'])
  })

  test('are mirrored by the hundred, and as many are taken back', async () => {
    const many = Array.from({ length: 250 }, (_, i) => `p${i}`)
    const fga = await connect()
    await database.execute(
      `insert into relation_tuple (object, relation, subject_kind, subject_id, granted_by)
       select 'table:t', 'select', 'principal', p, 'test' from unnest($1::text[]) p`,
      [many],
    )
    await mirrorSome(source, fga)
    expect(await held(fga)).toEqual(many.map((name) => `principal:${name}`).toSorted())
    await database.execute(`delete from relation_tuple where subject_id <> 'p7'`)
    await mirrorSome(source, fga)
    expect(await held(fga)).toEqual(['principal:p7'])
    expect(await waiting()).toEqual([])
  })

  test('are changed while a server that does not answer is waited for', async () => {
    const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const attached = attachMirror(database, async () => {
      asked.resolve()
      await answered.promise
      return { store: 'a', model: 'b', digest: 'c' }
    })
    await asked.promise
    try {
      await database.transaction(async (tx) => {
        await tx.query(`set local lock_timeout = '5s'`)
        await tx.execute('update server set policy_epoch = policy_epoch + 1')
      })
      await grant('alice')
    } finally {
      answered.resolve()
    }
    await attached
    expect(await waiting()).toEqual(['table:t'])
  })
})
