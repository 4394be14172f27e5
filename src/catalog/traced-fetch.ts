/** Decorators of the guarded fetch: a span a request, and a measurement. */
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { GuardedFetch } from './connector.ts'

const tracer = trace.getTracer('lakegate')

/** A span a request; the upstream gets the trace's context, so that its own spans join. Queries may hold names: the path is left out. */
export const tracedFetch =
  (connection: string, fetch: GuardedFetch): GuardedFetch =>
  (request) =>
    tracer.startActiveSpan(
      `${request.method} ${connection}`,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          'lakegate.connection': connection,
          'http.request.method': request.method,
          'server.address': URL.parse(request.url)?.host ?? '',
        },
      },
      async (span) => {
        const headers = { ...request.headers }
        propagation.inject(context.active(), headers)
        try {
          const response = await fetch({ ...request, headers })
          span.setAttribute('http.response.status_code', response.status)
          return response
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR })
          throw error
        } finally {
          span.end()
        }
      },
    )

export type ObserveFetch = (connection: string, status: number, seconds: number) => void

/** Status 0 where no answer came. */
export const measuredFetch =
  (connection: string, fetch: GuardedFetch, observe: ObserveFetch): GuardedFetch =>
  async (request) => {
    const startedAt = performance.now()
    let status = 0
    try {
      const response = await fetch(request)
      status = response.status
      return response
    } finally {
      observe(connection, status, (performance.now() - startedAt) / 1000)
    }
  }
