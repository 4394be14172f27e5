/**
 * Requests that are turned away (429) before anyone has looked at them are on record as a number: one entry a second
 * and reason, whatever their flood, so that recording them does not make an overload worse.
 */
import { randomUUID } from 'node:crypto'
import { CatalogError } from '#model/errors.ts'
import type { AuditDraft } from '#model/event.ts'
import { type AuditSink, unknownPrincipal } from './audit.ts'

type Known = Partial<Pick<AuditDraft, 'principal' | 'connection' | 'project'>>

export interface ShedRecord extends AsyncDisposable {
  /** Nothing is thrown: the answer has been decided. `who`: of whom, or toward what, as far as that is known. */
  count(reason: unknown, who?: Known): void
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
  readonly words: string
  readonly who: Known
  requests: number
}

const draftOf = ({ since, requests, words, who }: Turned): AuditDraft => ({
  requestId: randomUUID(),
  operation: 'shed',
  principal: who.principal ?? unknownPrincipal,
  warehouse: null,
  project: who.project ?? null,
  connection: who.connection,
  needs: [],
  decision: 'failed',
  reason: `${words} (${requests} ${requests === 1 ? 'request' : 'requests'})`,
  status: 429,
  errorType: 'SlowDownException',
  startedAt: since,
})

/** However many are turned away at once: those beyond are counted together, without a name. */
const mostEntries = 100

const keyOf = (words: string, { principal, connection, project }: Known): string =>
  JSON.stringify([words, principal?.id, connection, project])

/** Only our own words: a client's would make as many entries as it likes. */
const wordsOf = (reason: unknown): string => (reason instanceof CatalogError ? reason.message : 'Overloaded')

export const createShedRecord = ({ record, windowMs = 1_000, onFailure }: ShedOptions): ShedRecord => {
  let counted = new Map<string, Turned>()
  let timer: NodeJS.Timeout | undefined
  const write = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const drafts = [...counted.values()].map(draftOf)
    counted = new Map()
    try {
      await Promise.all(drafts.map(record))
    } catch (error) {
      onFailure(error)
    }
  }
  return {
    count: (reason, who = {}) => {
      const words = wordsOf(reason)
      const own = keyOf(words, who)
      const named = counted.size < mostEntries || counted.has(own)
      const key = named ? own : keyOf(words, {})
      const turned = counted.get(key) ?? { since: new Date(), words, who: named ? who : {}, requests: 0 }
      turned.requests += 1
      counted.set(key, turned)
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
