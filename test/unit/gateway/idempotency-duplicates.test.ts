import { expect, test } from 'vitest'
import { type IdempotencyLedger, runOnce } from '#gateway/idempotency.ts'
import { CatalogError, type ErrorType } from '#model/errors.ts'
import type { Outcome } from '#model/event.ts'

const claim = { scope: 'p/w', key: '00000000-0000-4000-8000-000000000001', digest: 'd' }

/** A ledger that a duplicate settles while our own try runs. */
const ledgerOf = (found: () => Outcome | undefined, settled: Outcome[] = []): IdempotencyLedger => ({
  find: async () => found(),
  begin: async () => true,
  settle: async (_claim, outcome) => void settled.push(outcome),
  abandon: async () => {},
})

const onceWith = (ledger: IdempotencyLedger, run: () => Promise<string>) => ({
  ...{ ledger, claim, run },
  signal: new AbortController().signal,
  relayed: false,
  written: () => false,
  remember: (): Outcome => ({ kind: 'done' }),
  recall: async () => 'told again',
  report: () => {},
})

const met: readonly ErrorType[] = [
  'ValidationException',
  'NoSuchTableException',
  'AlreadyExistsException',
  'CommitFailedException',
  'UnprocessableEntityException',
]

test.each(met)('a duplicate that won beside us answers for us where we met %s', async (type) => {
  let winner: Outcome | undefined
  const run = async (): Promise<string> => {
    winner = { kind: 'done' }
    throw new CatalogError(type, 'met because the duplicate has changed it')
  }
  expect(
    await runOnce(
      onceWith(
        ledgerOf(() => winner),
        run,
      ),
    ),
  ).toBe('told again')
})

test('a final failure without a winner is told and kept', async () => {
  const settled: Outcome[] = []
  const run = async (): Promise<string> => {
    throw new CatalogError('NoSuchTableException', 'gone')
  }
  await expect(
    runOnce(
      onceWith(
        ledgerOf(() => undefined, settled),
        run,
      ),
    ),
  ).rejects.toThrow('gone')
  expect(settled).toEqual([{ kind: 'failed', type: 'NoSuchTableException', message: 'gone' }])
})
