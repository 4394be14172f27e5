/**
 * Holds every answer of ours that a test reads against the document of the API: one that differs fails the test that
 * got it. Set up for whole suites, so that no test has to ask for it.
 */
import type * as apiDocument from './api-document.ts'

const faces = /^\/(catalog|management|scim|health|metrics)(\/|$|\?)/

/** A browser's question before its request is of no face. */
const isPreflight = (method: string, { status }: Response): boolean => method === 'OPTIONS' && status === 204

/** Ours alone give a request id; a fake upstream behind the same paths does not. */
const isOurs = (target: string, answer: Response): boolean =>
  faces.test(target) && answer.headers.has('x-request-id') && answer.type === 'basic'

let loaded: Promise<typeof apiDocument> | undefined
/** Most test files meet no gateway: the document is made for those that do. */
const load = (): Promise<typeof apiDocument> => {
  loaded ??= import('./api-document.ts')
  return loaded
}

const original = globalThis.fetch

const methodOf = (input: string | URL | Request, init: RequestInit | undefined): string =>
  (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase()

const targetOf = (input: string | URL | Request): string => {
  const text = input instanceof Request ? input.url : String(input)
  return text.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/#.*$/, '') || '/'
}

/** Bodies are looked at when the test reads them, not before: some are never meant to end. */
const watchBody = (answer: Response, check: (text: string) => void): void => {
  const readText = answer.text.bind(answer)
  const text = async (): Promise<string> => {
    const body = await readText()
    check(body)
    return body
  }
  Object.assign(answer, { text, json: async () => JSON.parse(await text()) })
}

globalThis.fetch = async (input, init) => {
  const answer = await original(input, init)
  const target = targetOf(input)
  const method = methodOf(input, init)
  if (!isOurs(target, answer) || isPreflight(method, answer)) return answer
  const { checkHead, checkBody } = await load()
  const answered = { method, target, status: answer.status }
  checkHead(answered, answer.headers)
  watchBody(answer, (body) => checkBody(answered, body))
  return answer
}
