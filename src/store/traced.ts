/** A decorator of the database: a span a statement and a transaction, within a request that is traced. */
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Database, Sql, Statement, Transaction } from './database.ts'

const tracer = trace.getTracer('lakegate')

/** What polls in the background belongs to nobody's trace. */
const isTraced = (): boolean => trace.getSpan(context.active()) !== undefined

const spanned = async <T>(name: string, work: (span: Span) => Promise<T>): Promise<T> =>
  tracer.startActiveSpan(
    name,
    { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } },
    async (span) => {
      try {
        return await work(span)
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR })
        throw error
      } finally {
        span.end()
      }
    },
  )

/** `select`, `with`, `insert`: values stand apart from the text, but a whole text says more than a trace needs. */
const nameOf = (query: Statement | string): string => {
  const text = typeof query === 'string' ? query : query.text
  return `postgres ${/[a-z]+/i.exec(text)?.[0].toLowerCase() ?? 'statement'}`
}

const tracedSql = (sql: Sql): Sql => ({
  query: (query, values) =>
    isTraced() ? spanned(nameOf(query), () => sql.query(query, values)) : sql.query(query, values),
  execute: (query, values) =>
    isTraced() ? spanned(nameOf(query), () => sql.execute(query, values)) : sql.execute(query, values),
  orm: (work) => (isTraced() ? spanned('postgres statement', () => sql.orm(work)) : sql.orm(work)),
})

export const tracedDatabase = (database: Database): Database => {
  const inside =
    <T>(work: (tx: Transaction) => Promise<T>) =>
    (tx: Transaction): Promise<T> =>
      work({ ...tx, ...tracedSql(tx) })
  return {
    ...database,
    ...tracedSql(database),
    transaction: (work) =>
      isTraced()
        ? spanned('postgres transaction', () => database.transaction(inside(work)))
        : database.transaction(work),
  }
}
