import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createPermissionOperations } from '#gateway/operations/permissions/permissions.ts'
import { permissionEndpoints } from '#http/management/permissions.ts'

test('the manual lists every endpoint about permissions', async () => {
  const text = await readFile(new URL('../../docs/permissions.md', import.meta.url), 'utf8')
  const shown = text.split('\n').flatMap((row) => /^\| `([A-Z]+ [^`]+)`/.exec(row)?.[1] ?? [])
  const endpoints = permissionEndpoints(createPermissionOperations({} as never))
  expect(shown).toEqual(endpoints.map(({ method, template }) => `${method} /management${template}`))
})
