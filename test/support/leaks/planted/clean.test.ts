import { createHash, randomBytes } from 'node:crypto'
import { test } from 'vitest'
import { exchange, keep, start } from './speak.ts'

test('nothing tells more than a hash', async () => {
  const token = randomBytes(16).toString('base64')
  await exchange(token, 'table')
  await keep(createHash('sha256').update(token).digest('hex'))
  await start({})
})
