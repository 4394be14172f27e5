/** Decorators of the pipeline: a span an operation, and a measurement. */
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { isCatalogError } from '#model/errors.ts'
import type { Caller } from './operation.ts'
import type { Pipeline } from './pipeline.ts'

const tracer = trace.getTracer('lakegate')

const parentOf = ({ traceparent }: Caller) =>
  traceparent === undefined ? context.active() : propagation.extract(context.active(), { traceparent })

/** A span an operation, child of the caller's own where it sent one (W3C Trace Context). */
export const tracedPipeline =
  (pipeline: Pipeline): Pipeline =>
  (operation, ask) =>
    tracer.startActiveSpan(
      operation.name,
      { kind: SpanKind.SERVER, attributes: { 'lakegate.request_id': ask.caller.requestId } },
      parentOf(ask.caller),
      async (span) => {
        try {
          return await pipeline(operation, ask)
        } catch (error) {
          // The text of an error may name what the caller may not see: the type alone is told.
          span.setStatus({ code: SpanStatusCode.ERROR })
          span.setAttribute('error.type', isCatalogError(error) ? error.type : 'InternalServerErrorException')
          throw error
        } finally {
          span.end()
        }
      },
    )

export type Observe = (operation: string, status: number, seconds: number) => void

/** Tells how each operation ended and how long it took. */
export const measuredPipeline =
  (pipeline: Pipeline, observe: Observe): Pipeline =>
  (operation, ask) => {
    const startedAt = performance.now()
    const tell = (status: number): void =>
      observe(operation.name, status, (performance.now() - startedAt) / 1000)
    const answered = pipeline(operation, ask)
    answered.then(
      (output) => tell(operation.statusOf?.(output) ?? operation.success),
      (error: unknown) => tell(isCatalogError(error) ? error.status : 500),
    )
    return answered
  }
