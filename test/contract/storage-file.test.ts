import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStorage } from '#storage/storage.ts'
import { rejection } from '../support/rejection.ts'
import { describeStorage } from './storage.ts'

const tools = { secret: async () => '', now: Date.now }
const bytes = new TextEncoder().encode('x')
const maxBytes = 1000

describeStorage('files', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lakegate-storage-'))
  return {
    store: openStorage({ location: `file://${folder}/lake`, allowedLocations: [] }, tools),
    root: `file:${folder}/lake`,
    outside: `file:${folder}/other/a`,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
})

const loadsSdk = `
  const { registerHooks } = await import('node:module')
  let sdk = false
  registerHooks({ resolve: (name, context, next) => { sdk ||= name.startsWith('@aws-sdk/'); return next(name, context) } })
  const { openStorage } = await import('#storage/storage.ts')
  const tools = { secret: async () => 'x', now: Date.now }
  const store = openStorage({ location: process.argv[1], allowedLocations: [] , s3: {} }, tools)
  await store.exists(process.argv[1] + '/a').catch(() => {})
  console.log(sdk)
  process.exit()`

const loadsSdkFor = async (location: string): Promise<string> => {
  const args = ['--input-type=module', '-e', loadsSdk, location]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 })
  return stdout.trim()
}

describe('the file store', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'lakegate-storage-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  const open = (allowed: readonly string[] = []) =>
    openStorage({ location: `file://${folder}/lake`, allowedLocations: allowed }, tools)

  it('takes every spelling of a file location', async () => {
    const store = open()
    await store.writeIfAbsent(`file:${folder}/lake/a`, bytes)
    for (const head of ['file:', 'file://', 'file://localhost'])
      expect(await store.exists(`${head}${folder}/lake/a`)).toBe(true)
  })

  it('says that a file is gone whose folder has become a file since it was last asked for', async () => {
    const store = open()
    await store.writeIfAbsent(`file:${folder}/lake/t/a`, bytes)
    for (let look = 0; look < 2; look++) expect(await store.exists(`file:${folder}/lake/t/a`)).toBe(true)
    await rm(`${folder}/lake/t`, { recursive: true })
    expect(await store.exists(`file:${folder}/lake/t/a`)).toBe(false)
    await writeFile(`${folder}/lake/t`, '')
    expect(await store.exists(`file:${folder}/lake/t/a`)).toBe(false)
  })

  it('is opened and used without loading the S3 SDK, which S3 needs', async () => {
    expect(await loadsSdkFor(`file://${folder}`)).toBe('false')
    expect(await loadsSdkFor('s3://bucket')).toBe('true')
  })

  it('makes a folder with its parents, and none where a file stands', async () => {
    const store = open()
    await store.makeFolder(`file:${folder}/lake/t/metadata`)
    expect((await stat(`${folder}/lake/t/metadata`)).isDirectory()).toBe(true)
    await store.writeIfAbsent(`file:${folder}/lake/t/data`, bytes)
    const error = await rejection(store.makeFolder(`file:${folder}/lake/t/data`))
    expect(error).toMatchObject({ type: 'BadRequestException' })
  })

  it('leaves nothing beside the file that it wrote', async () => {
    const store = open()
    await store.writeIfAbsent(`file:${folder}/lake/t/a`, bytes)
    await rejection(store.writeIfAbsent(`file:${folder}/lake/t/a`, bytes))
    expect(await readdir(`${folder}/lake/t`)).toEqual(['a'])
  })

  it('does not follow a folder link out of its roots, for any operation', async () => {
    const store = open()
    await store.writeIfAbsent(`file:${folder}/lake/first`, bytes)
    await symlink(folder, `${folder}/lake/out`)
    await writeFile(`${folder}/secret`, 'secret')
    const target = `file:${folder}/lake/out/secret`
    const calls = [
      store.read(target, { maxBytes }),
      store.delete(target),
      store.writeIfAbsent(`file:${folder}/lake/out/new/deep`, bytes),
      store.makeFolder(`file:${folder}/lake/out`),
      store.makeFolder(`file:${folder}/lake/out/new`),
      Array.fromAsync(store.list(`file:${folder}/lake/out`)),
    ]
    for (const error of await Promise.all(calls.map(rejection)))
      expect(error).toMatchObject({ type: 'BadRequestException' })
    expect(await readFile(`${folder}/secret`, 'utf8')).toBe('secret')
    expect((await readdir(folder)).sort()).toEqual(['lake', 'secret'])
  })

  it('does not read a link in place of a file, nor list through links', async () => {
    const store = open()
    await store.writeIfAbsent(`file:${folder}/lake/t/first`, bytes)
    await writeFile(`${folder}/secret`, 'secret')
    await symlink(`${folder}/secret`, `${folder}/lake/t/link`)
    await symlink(folder, `${folder}/lake/t/out`)
    const error = await rejection(store.read(`file:${folder}/lake/t/link`, { maxBytes }))
    expect(error).toMatchObject({ type: 'BadRequestException' })
    expect(await Array.fromAsync(store.list(`file:${folder}/lake`))).toHaveLength(1)
  })

  it('follows a link between two allowed roots', async () => {
    const store = open([`file://${folder}/disk2`])
    await store.writeIfAbsent(`file:${folder}/disk2/t/a`, bytes)
    await store.writeIfAbsent(`file:${folder}/lake/first`, bytes)
    await symlink(`${folder}/disk2`, `${folder}/lake/big`)
    expect(await store.read(`file:${folder}/lake/big/t/a`, { maxBytes })).toEqual(Buffer.from('x'))
  })

  it('works below a root that is itself a link', async () => {
    await symlink(await mkdtemp(path.join(folder, 'real-')), `${folder}/lake`)
    const store = open()
    await store.writeIfAbsent(`file:${folder}/lake/t/a`, bytes)
    expect(await store.exists(`file:${folder}/lake/t/a`)).toBe(true)
  })

  it('says bad request where a name is unusable', async () => {
    const store = open()
    await store.writeIfAbsent(`file:${folder}/lake/a`, bytes)
    for (const target of [`lake/a/below-a-file`, `lake/${'n'.repeat(300)}`])
      expect(await rejection(store.writeIfAbsent(`file:${folder}/${target}`, bytes))).toMatchObject({
        type: 'BadRequestException',
      })
  })
})
