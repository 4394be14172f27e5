/** From a raw request to its answer: probe, endpoint, or the error that says why not. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { unmatchedRoute } from '#gateway/operations/unmatched.ts'
import type { Pipeline } from '#gateway/pipeline.ts'
import { isCatalogError } from '#model/errors.ts'
import type { Answer } from './answer.ts'
import type { RequestBody } from './body.ts'
import { callerOf } from './caller.ts'
import type { Cors } from './cors.ts'
import { answerError } from './error-answer.ts'
import type { Forwarding } from './forwarded.ts'
import type { PublicPages } from './openapi/pages.ts'
import { answerProbe, type Probes } from './probes.ts'
import { splitUrl } from './raw-url.ts'
import type { Refusal, Router } from './router.ts'

export interface DispatchDeps {
  readonly pipeline: Pipeline
  readonly router: Router
  readonly probes: Probes
  /** The document of the API and its viewer, where they are shown. */
  readonly pages?: PublicPages
  /** Absent: no page of another site may read an answer. */
  readonly cors?: Cors
  /** Whose word is taken on where requests come from; absent: nobody's. */
  readonly forwarding?: Forwarding
  /** 5xx and what the server could not even read. */
  readonly log: (event: string, detail: Readonly<Record<string, unknown>>) => void
}

export interface Incoming {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The request target before anyone touched it. */
  readonly target: string
  /** Undefined where none was announced. */
  readonly body: RequestBody | undefined
  readonly requestId: string
}

const noBytes = new Uint8Array(0)

const headerOf = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** On record as any other request, and told of a missing endpoint only once its sender is known. */
const refuse = async (
  { pipeline, router, forwarding }: DispatchDeps,
  incoming: Incoming,
  { error, methods }: Refusal,
): Promise<Answer> => {
  try {
    return await pipeline(unmatchedRoute, { caller: callerOf(incoming, forwarding), read: () => error })
  } catch (thrown) {
    if (thrown !== error || methods.length === 0) throw thrown
    const words = router.wordsAt(incoming.target)
    return answerError(error, incoming.requestId, { headers: [['Allow', methods.join(', ')]], words })
  }
}

/** What is the same for everybody. */
const answerPage = ({ probes, pages }: DispatchDeps, segments: readonly string[], target: string) =>
  answerProbe(probes, segments) ?? pages?.(segments, target)

const dispatch = (deps: DispatchDeps, incoming: Incoming): Promise<Answer> | Answer => {
  const { request, target, body } = incoming
  const method = request.method ?? ''
  const preflight = method === 'OPTIONS' ? deps.cors?.preflight(request) : undefined
  if (preflight) return preflight
  const { segments, query } = splitUrl(target)
  const page = method === 'GET' || method === 'HEAD' ? answerPage(deps, segments, target) : undefined
  if (page) return page
  const match = deps.router.find(method, segments)
  if (!match) return refuse(deps, incoming, deps.router.refusal(method, segments))
  const asked = {
    params: match.params,
    query,
    header: (name: string) => headerOf(request, name),
    body: noBytes,
    caller: callerOf(incoming, deps.forwarding),
  }
  return match.endpoint.handle(deps.pipeline, asked, body?.receive)
}

const isLoud = (error: unknown): boolean => !isCatalogError(error) || error.status >= 500

export const answerRequest = async (deps: DispatchDeps, incoming: Incoming): Promise<Answer> => {
  try {
    return await dispatch(deps, incoming)
  } catch (error) {
    const { requestId, request } = incoming
    if (isLoud(error)) deps.log('request.failed', { requestId, method: request.method, error })
    return answerError(error, requestId, { words: deps.router.wordsAt(incoming.target) })
  }
}
