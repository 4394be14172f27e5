import { afterEach, describe, expect, it } from 'vitest'
import type { Catalog, DoubtfulChange } from '../../../src/catalog/catalog.ts'
import {
  createReconciler,
  type Doubt,
  type DoubtLedger,
  type Reconciler,
} from '../../../src/catalog/doubts.ts'
import { CatalogError } from '../../../src/model/errors.ts'
import { fakeCatalog } from '../../support/mounted-catalogs.ts'

type Landed = NonNullable<Catalog['landed']>

const day = 86_400
const opened: Reconciler[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]()
})

const doubt = (id: string, more: Partial<Doubt> = {}): Doubt => ({
  id,
  operation: 'updateTable',
  identifiers: [{ namespace: ['db'], name: 't' }],
  addedSnapshotIds: ['1'],
  marks: [],
  ageSeconds: 10,
  ...more,
})

/** A ledger in memory that notes what was done with each doubt. */
const ledgerOf = (doubts: Readonly<Record<string, readonly Doubt[]>>) => {
  const noted: string[] = []
  const ledger: DoubtLedger = {
    recordLapsed: async () => {},
    due: async () => Object.keys(doubts),
    alone: (_, work) => work(),
    take: async (connection, most) => (doubts[connection] ?? []).slice(0, most),
    confirm: async ({ id }, { outcome }) => void noted.push(`confirm ${id} ${outcome.kind}`),
    postpone: async ({ id }, seconds) => void noted.push(`postpone ${id} ${seconds}`),
    postponeAll: async (connection, seconds) => void noted.push(`postpone all of ${connection} ${seconds}`),
    abandon: async ({ id }, reason) => void noted.push(`abandon ${id}: ${reason}`),
  }
  return { ledger, noted }
}

const bench = (
  doubts: Readonly<Record<string, readonly Doubt[]>>,
  looks: Readonly<Record<string, Landed | 'cannot look'>>,
  broken: Partial<DoubtLedger> = {},
) => {
  const { ledger, noted } = ledgerOf(doubts)
  const counted: string[] = []
  const failures: unknown[] = []
  const reconciler = createReconciler({
    ledger: { ...ledger, ...broken },
    upstream: (id) => {
      const landed = looks[id]
      if (landed === undefined) return undefined
      const { catalog } = fakeCatalog([])
      return landed === 'cannot look' ? catalog : { ...catalog, landed }
    },
    observe: (connection, end) => counted.push(`${connection} ${end}`),
    onFailure: (error) => failures.push(error),
  })
  opened.push(reconciler)
  return { reconciler, noted, counted, failures }
}

const out: Landed = async () => {
  throw new CatalogError('ServiceUnavailableException', 'out')
}

describe('a doubtful change', () => {
  it('that shows is confirmed, with where it ended', async () => {
    const asked: DoubtfulChange[] = []
    const { reconciler, noted, counted } = bench(
      { c: [doubt('1')] },
      {
        c: async (_, change) => {
          asked.push(change)
          return { outcome: { kind: 'metadata', metadataLocation: 's3://m' } }
        },
      },
    )
    await reconciler.round()
    expect(noted).toEqual(['confirm 1 metadata'])
    expect(counted).toEqual(['c confirmed'])
    expect(asked).toMatchObject([{ operation: 'updateTable', addedSnapshotIds: ['1'] }])
  })

  it.each([
    [1, 5],
    [60, 30],
    [7200, 3600],
    [day - 1, 3600],
  ])('of %i s that does not show is looked at again after %i s', async (ageSeconds, pause) => {
    const { reconciler, noted } = bench({ c: [doubt('1', { ageSeconds })] }, { c: async () => 'unseen' })
    await reconciler.round()
    expect(noted).toEqual([`postpone 1 ${pause}`])
  })

  it('is given up after a day, or at once where no look could tell, and never called failed', async () => {
    const old = bench({ c: [doubt('1', { ageSeconds: day })] }, { c: async () => 'unseen' })
    await old.reconciler.round()
    expect(old.noted).toEqual(['abandon 1: not seen at the upstream within 86400 s'])
    const create = [doubt('1', { operation: 'createTable' })]
    for (const look of [async () => 'untellable' as const, 'cannot look' as const]) {
      const { reconciler, noted } = bench({ c: create }, { c: look })
      await reconciler.round()
      expect(noted).toEqual(['abandon 1: no look at the upstream tells whether createTable happened'])
    }
  })

  it('whose look is refused stays in doubt; a fault of our own is told', async () => {
    const refusing = bench(
      { c: [doubt('1')] },
      {
        c: async () => {
          throw new CatalogError('NoSuchTableException', 'gone')
        },
      },
    )
    await refusing.reconciler.round()
    expect(refusing.noted).toEqual(['postpone 1 5'])
    expect(refusing.failures).toEqual([])
    const broken = bench(
      { c: [doubt('1'), doubt('2')] },
      {
        c: async () => {
          throw new TypeError('ours')
        },
      },
    )
    await broken.reconciler.round()
    expect(broken.noted).toEqual(['postpone 1 5', 'postpone 2 5'])
    expect(broken.failures).toHaveLength(2)
  })
})

describe('what cannot be recorded', () => {
  const there: Landed = async () => ({ outcome: { kind: 'done' } })

  it('waits like what does not show, and holds up no doubt behind it', async () => {
    const confirmed: string[] = []
    const confirm: DoubtLedger['confirm'] = async ({ id }) => {
      if (id === '1') throw new Error('cannot be recorded')
      confirmed.push(id)
    }
    const doubts = { c: [doubt('1'), doubt('2')] }
    const { reconciler, noted, counted, failures } = bench(doubts, { c: there }, { confirm })
    await reconciler.round()
    expect([confirmed, noted]).toEqual([['2'], ['postpone 1 5']])
    expect(counted).toEqual(['c postponed', 'c confirmed'])
    expect(failures).toMatchObject([{ message: 'cannot be recorded' }])
  })

  it('of what is past doubt holds up no look', async () => {
    const recordLapsed = async (): Promise<void> => {
      throw new Error('cannot be recorded')
    }
    const { reconciler, noted, failures } = bench({ c: [doubt('1')] }, { c: there }, { recordLapsed })
    await reconciler.round()
    expect(noted).toEqual(['confirm 1 done'])
    expect(failures).toMatchObject([{ message: 'cannot be recorded' }])
  })
})

describe('an upstream that is out', () => {
  it('is asked once a pass, and ever more seldom', async () => {
    const doubts = { dead: [doubt('1'), doubt('2'), doubt('3')] }
    const { reconciler, noted, counted } = bench(doubts, { dead: out })
    for (let i = 0; i < 9; i += 1) await reconciler.round()
    expect(noted).toEqual(
      [5, 10, 20, 40, 80, 160, 320, 600, 600].map((pause) => `postpone all of dead ${pause}`),
    )
    expect(counted).toEqual(new Array(9).fill('dead out'))
  })

  it('does not keep what is too old for ever', async () => {
    const doubts = {
      dead: [doubt('1'), doubt('2', { ageSeconds: day })],
      gone: [doubt('3', { ageSeconds: day })],
    }
    const { reconciler, noted } = bench(doubts, { dead: out })
    await reconciler.round()
    expect(noted.toSorted()).toEqual([
      'abandon 2: the upstream did not answer within 86400 s',
      'abandon 3: the upstream did not answer within 86400 s',
      'postpone all of dead 5',
      'postpone all of gone 5',
    ])
  })

  it('that is silent blocks no other one, nor a second look at the others', async () => {
    let answered = 0
    const { reconciler, noted } = bench(
      { dead: [doubt('1')], c: [doubt('2')] },
      {
        dead: (context) =>
          new Promise((_, reject) =>
            context.signal.addEventListener('abort', () => reject(context.signal.reason)),
          ),
        c: async () => {
          answered += 1
          return { outcome: { kind: 'done' } }
        },
      },
    )
    const rounds = [reconciler.round()]
    while (answered < 2) {
      await new Promise((resolve) => setImmediate(resolve))
      rounds.push(reconciler.round())
    }
    expect(noted).toContain('confirm 2 done')
    await reconciler[Symbol.asyncDispose]()
    await Promise.all(rounds)
    expect(noted.every((line) => line === 'confirm 2 done')).toBe(true)
  })

  it('is asked about twenty changes a pass at most', async () => {
    const many = Array.from({ length: 50 }, (_, i) => doubt(String(i)))
    const { reconciler, noted } = bench({ c: many }, { c: async () => 'unseen' })
    await reconciler.round()
    expect(noted).toHaveLength(20)
  })
})
