/**
 * Requests that are turned away (429) before anyone has looked at them are on record as a number: one entry a second
 * and reason, whatever their flood, so that recording them does not make an overload worse.
 */
import { randomUUID } from 'node:crypto'
import { CatalogError } from '#model/errors.ts'
import type { AuditDraft } from '#model/event.ts'
import { type AuditSink, unknownPrincipal } from './audit.ts'

export interface ShedRecord extends AsyncDisposable {
  /** Nothing is thrown: the answer has been decided. */
  count(reason: unknown): void
}

export interface ShedOptions {
  readonly record: AuditSink['record']
  /** Milliseconds that are put together in one entry. */
  readonly windowMs?: number
  /** Told of an entry that could not be written. */
  readonly onFailure: (error: unknown) => void
}

interface Turned {
  readonly since: Date
  requests: number
}

const draftOf = (reason: string, { since, requests }: Turned): AuditDraft => ({
  requestId: randomUUID(),
  operation: 'shed',
  principal: unknownPrincipal,
  warehouse: null,
  project: null,
  needs: [],
  decision: 'failed',
  reason: `${reason} (${requests} ${requests === 1 ? 'request' : 'requests'})`,
  status: 429,
  errorType: 'SlowDownException',
  startedAt: since,
})

/** Only our own words: a client's would make as many entries as it likes. */
const wordsOf = (reason: unknown): string => (reason instanceof CatalogError ? reason.message : 'Overloaded')

export const createShedRecord = ({ record, windowMs = 1_000, onFailure }: ShedOptions): ShedRecord => {
  let counted = new Map<string, Turned>()
  let timer: NodeJS.Timeout | undefined
  const write = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const drafts = [...counted].map(([reason, turned]) => draftOf(reason, turned))
    counted = new Map()
    try {
      await Promise.all(drafts.map(record))
    } catch (error) {
      onFailure(error)
    }
  }
  return {
    count: (reason) => {
      const words = wordsOf(reason)
      const turned = counted.get(words) ?? { since: new Date(), requests: 0 }
      turned.requests += 1
      counted.set(words, turned)
      timer ??= setTimeout(write, windowMs).unref()
    },
    [Symbol.asyncDispose]: write,
  }
}

/** The sink, with those counted who find it full. */
export const countingShed = (sink: AuditSink, shed: ShedRecord): AuditSink => ({
  record: (draft) => sink.record(draft),
  admit: () => {
    try {
      sink.admit()
    } catch (error) {
      shed.count(error)
      throw error
    }
  },
})
