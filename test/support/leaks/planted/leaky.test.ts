import { randomBytes } from 'node:crypto'
import { test } from 'vitest'
import { exchange, keep, start } from './speak.ts'

const fresh = (): string => randomBytes(16).toString('base64')

test('an answer, a database and a process tell what they were given', async () => {
  const [answered, kept, printed] = [fresh(), fresh(), fresh()]
  await exchange(answered, encodeURIComponent(answered))
  await exchange(kept, 'table')
  await keep(`Basic ${Buffer.from(`engine:${kept}`).toString('base64')}`)
  await start({ PLANTED_TOKEN: printed })
})
