/** Audit entries of reads, denials and failures: written in batches, at most a second behind, lost by no clean stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CatalogError } from '#model/errors.ts'
import type { AuditDraft } from '#model/event.ts'
import { appendAudit, decisionEntry, encodeEntry } from './audit-entries.ts'
import type { Sql } from './database.ts'

export interface AuditBufferOptions {
  /** True: `record` resolves when the entry is written; entries that come together share one write. */
  readonly strict?: boolean
  /** Entries that may wait; beyond it nothing more is admitted. */
  readonly capacity?: number
  /** And so many characters of them: one may be long. */
  readonly mostText?: number
  /** Milliseconds that an entry waits at most before it is written. */
  readonly delayMs?: number
  /** Told of each failed write. The entries are kept and tried again. */
  readonly onFailure?: (error: unknown) => void
}

export interface AuditBuffer extends AsyncDisposable {
  /** SlowDown when no further entry can be kept: nothing has begun, so the caller may safely try again. */
  admit(): void
  record(draft: AuditDraft): void | Promise<void>
  /** Resolves when every entry recorded before is written; rejects when that failed. */
  flush(): Promise<void>
}

const batchSize = 1_000
/** Characters: what one statement can carry is bounded, and a small one holds up nobody. */
const batchText = 4_000_000
/** As many do not wait for the delay: what is written soon is collected young. */
const enough = 500
const retryMs = 500
const finalTries = 5

const full = (): CatalogError =>
  new CatalogError('SlowDownException', 'The audit log cannot take further entries at the moment', {
    retryAfterSeconds: 2,
  })

interface Batches {
  readonly size: number
  /** Characters. */
  readonly text: number
  add(draft: AuditDraft): void
  /** Resolves when every entry added before is written. */
  write(): Promise<void>
}

/** How many of the first ones go together; one at least. */
const countOf = (waiting: readonly string[]): number => {
  let text = 0
  const beyond = waiting.slice(0, batchSize).findIndex((entry) => {
    text += entry.length
    return text > batchText
  })
  return beyond === -1 ? batchSize : Math.max(beyond, 1)
}

/** One write at a time; what comes meanwhile goes with the next one. */
const createBatches = (sql: Sql): Batches => {
  let waiting: string[] = []
  /** A batch that failed goes first. */
  let unwritten: readonly string[] = []
  let added = 0
  let written = 0
  let text = 0
  let writing: Promise<void> | undefined

  const writeBatch = async (): Promise<void> => {
    if (unwritten.length === 0) {
      const count = countOf(waiting)
      unwritten = waiting.slice(0, count)
      waiting = waiting.slice(count)
    }
    await appendAudit(sql, unwritten)
    written += unwritten.length
    for (const entry of unwritten) text -= entry.length
    unwritten = []
  }

  const write = async (): Promise<void> => {
    const target = added
    while (written < target) {
      writing ??= writeBatch().finally(() => {
        writing = undefined
      })
      await writing
    }
  }

  return {
    get size() {
      return waiting.length + unwritten.length
    },
    get text() {
      return text
    },
    add: (draft) => {
      const entry = encodeEntry(decisionEntry(draft))
      waiting.push(entry)
      text += entry.length
      added += 1
    },
    write,
  }
}

export const createAuditBuffer = (sql: Sql, options: AuditBufferOptions = {}): AuditBuffer => {
  const {
    strict = false,
    capacity = 50_000,
    mostText = 128_000_000,
    delayMs = 500,
    onFailure = () => {},
  } = options
  const batches = createBatches(sql)
  let timer: NodeJS.Timeout | undefined

  const schedule = (delay: number): void => {
    timer ??= setTimeout(writeLater, delay).unref()
  }
  const flush = async (): Promise<void> => {
    try {
      await batches.write()
    } catch (error) {
      onFailure(error)
      schedule(retryMs)
      throw error
    }
  }
  const writeLater = (): void => {
    timer = undefined
    flush().catch(() => {})
  }
  const writeSoon = (): void => {
    clearTimeout(timer)
    writeLater()
  }
  const flushFinally = async (attempt: number): Promise<void> => {
    try {
      await flush()
    } catch (error) {
      if (attempt >= finalTries) throw error
      await sleep(retryMs)
      await flushFinally(attempt + 1)
    }
  }

  return {
    admit: () => {
      if (batches.size >= capacity || batches.text >= mostText) throw full()
    },
    record: (draft) => {
      batches.add(draft)
      if (strict) return flush()
      if (batches.size === enough) return writeSoon()
      return schedule(delayMs)
    },
    flush,
    [Symbol.asyncDispose]: async () => {
      await flushFinally(1)
      clearTimeout(timer)
    },
  }
}
