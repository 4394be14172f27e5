/** Holds what came over a bare connection against the document of the API, as `watch-answers.ts` does for the others. */
import { checkBody, checkHead } from './api-document.ts'

interface Read {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** The one answer that the text holds; undefined where it is none, several, or in chunks. */
const readAnswer = (received: string): Read | undefined => {
  const end = received.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = received.slice(0, Math.max(end, 0)).split('\r\n')
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine) ?? []
  const body = received.slice(end + 4)
  if (status === undefined || /HTTP\/1\.1 \d{3} /.test(body)) return undefined
  const headers = new Headers()
  for (const line of lines)
    headers.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim())
  const length = headers.get('content-length')
  const whole = length === null ? body === '' : Buffer.byteLength(body) === Number(length)
  return whole || status === '204' ? { status: Number(status), headers, body } : undefined
}

/** Only what a request of ours got that named a path: what is no HTTP is answered by no face. */
export const checkExchange = (request: string | Uint8Array, received: string): void => {
  const [, method, target] = /^([A-Z]+) (\/\S*) HTTP\/1\.1\r\n/.exec(String(request)) ?? []
  const answer = readAnswer(received)
  if (method === undefined || target === undefined || !answer?.headers.has('x-request-id')) return
  if (!/^\/(catalog|management|scim|health|metrics)(\/|\?|$)/.test(target)) return
  const answered = { method, target, status: answer.status }
  checkHead(answered, answer.headers)
  checkBody(answered, answer.body)
}
