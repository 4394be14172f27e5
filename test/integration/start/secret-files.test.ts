import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSecretResolver } from '../../../src/secrets.ts'

const resolve = createSecretResolver({})
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakegate-secrets-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a secret is the content of its file, also behind a link as orchestrators mount it', async () => {
  await writeFile(join(folder, 'token'), 'abc\n')
  await symlink('token', join(folder, 'link'))
  expect(await resolve(`file:${folder}/link`)).toBe('abc')
})

test('a pipe, a device, a folder and a large file are refused at once', async () => {
  await promisify(execFile)('mkfifo', [join(folder, 'pipe')])
  await writeFile(join(folder, 'large'), Buffer.alloc(100_000, 'x'))
  for (const path of [`${folder}/pipe`, '/dev/zero', folder, `${folder}/large`, `${folder}/none`])
    await expect(resolve(`file:${path}`)).rejects.toMatchObject({ type: 'BadRequestException' })
})
