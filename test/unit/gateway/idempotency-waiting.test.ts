import { expect, test } from 'vitest'
import { type IdempotencyLedger, runOnce } from '#gateway/idempotency.ts'
import type { Outcome } from '#model/event.ts'

const claim = { scope: 'p/w', key: '00000000-0000-4000-8000-000000000001', digest: 'd' }

const onceWith = (ledger: Partial<IdempotencyLedger>, signal = new AbortController().signal) => {
  const free: IdempotencyLedger = {
    find: async () => undefined,
    begin: async () => true,
    settle: async () => {},
    abandon: async () => {},
  }
  return {
    ...{ ledger: { ...free, ...ledger }, claim, signal, relayed: true },
    run: async () => 'ran',
    written: () => false,
    remember: (): Outcome => ({ kind: 'done' }),
    recall: async () => 'told again',
    report: () => {},
  }
}

test('a key that its holder has freed without a change is taken by who waited for it', async () => {
  let held = true
  const begin = async (): Promise<boolean> => {
    if (!held) return true
    held = false
    return false
  }
  expect(await runOnce(onceWith({ begin }))).toBe('ran')
})

test('a key that others take each time is told to be in use, not waited for without end', async () => {
  const waited = runOnce(onceWith({ begin: async () => false }))
  await expect(waited).rejects.toMatchObject({ type: 'ServiceUnavailableException', retryAfterSeconds: 2 })
})

test('who goes away while a duplicate is under way is let go at once, by the reason of its own signal', async () => {
  const client = new AbortController()
  const find = async (): Promise<'in-flight'> => {
    client.abort()
    return 'in-flight'
  }
  const waited = runOnce(onceWith({ find }, client.signal))
  await expect(waited).rejects.toBe(client.signal.reason)
})
