/** A terminal in memory: files, streams and a gateway that answers from a table. */
import type { TryRules } from '#cli/commands-policy.ts'
import type { Terminal } from '#cli/terminal.ts'

interface SentRequest {
  /** E.g. `POST /management/v1/role?x=1`. */
  readonly line: string
  /** With the scheme and host. */
  readonly url: string
  readonly headers: Headers
  readonly body: string
}

interface FakeAnswer {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** By line; a function sees the request. */
export type Answers = Readonly<Record<string, FakeAnswer | ((request: SentRequest) => FakeAnswer)>>

/** For rows of which no rules are tried. */
export const untried: TryRules = async () => {
  throw new Error('no rules were to be tried')
}

export interface FakeTerminal extends Terminal {
  readonly sent: readonly SentRequest[]
  readonly contents: Map<string, { text: string; mode: number }>
  output(): string
  errors(): string
  /** What was waited for, in milliseconds. */
  readonly pauses: readonly number[]
  /** The certificates that were shown, by server. */
  readonly shown: readonly string[]
  /** Moves the clock. */
  wait(milliseconds: number): void
}

export interface FakeTerminalOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
  readonly answers?: Answers
  /** A real one, instead of answers. */
  readonly fetch?: typeof fetch
  /** Plays the person at the browser. */
  readonly browse?: (url: string) => void
  readonly files?: Readonly<Record<string, string>>
}

const responseOf = ({ status = 200, body, headers = {} }: FakeAnswer): Response =>
  new Response(body === undefined ? null : JSON.stringify(body), {
    status,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  })

const createFetch = (answers: Answers, sent: SentRequest[]): typeof fetch =>
  (async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const line = `${init.method ?? 'GET'} ${url.pathname}${url.search}`
    const text = init.body instanceof URLSearchParams ? init.body.toString() : String(init.body ?? '')
    const request = { line, url: url.href, headers: new Headers(init.headers), body: text }
    sent.push(request)
    const answer = answers[line]
    if (answer === undefined) throw new TypeError(`no answer to ${line}`)
    return responseOf(typeof answer === 'function' ? answer(request) : answer)
  }) as typeof fetch

export const createFakeTerminal = (options: FakeTerminalOptions = {}): FakeTerminal => {
  const sent: SentRequest[] = []
  const lines: Record<'out' | 'err', string[]> = { out: [], err: [] }
  const pauses: number[] = []
  const shown: string[] = []
  const fetching = options.fetch ?? createFetch(options.answers ?? {}, sent)
  let clock = 1_700_000_000_000
  const contents = new Map(
    Object.entries(options.files ?? {}).map(([path, text]) => [path, { text, mode: 0o100600 }]),
  )
  return {
    environment: { HOME: '/home/ann', ...options.environment },
    print: (text) => lines.out.push(text),
    tell: (text) => lines.err.push(text),
    readInput: async () => options.input ?? '',
    files: {
      list: async (folder) => {
        const inside = [...contents.keys()].filter((path) => path.startsWith(`${folder}/`))
        return inside.length === 0
          ? undefined
          : inside.map((path) => path.slice(folder.length + 1)).toSorted()
      },
      read: async (path) => contents.get(path),
      write: async (path, text) => {
        contents.set(path, { text, mode: 0o100600 })
      },
    },
    fetch: fetching,
    now: () => clock,
    browse: options.browse ?? (() => {}),
    fetchAs: (origin, { certificate, key }) => {
      shown.push(`${origin} ${certificate} ${key}`)
      return fetching
    },
    pause: async (milliseconds) => {
      pauses.push(milliseconds)
      clock += milliseconds
    },
    ...{ sent, pauses, shown },
    contents,
    output: () => lines.out.join('\n'),
    errors: () => lines.err.join('\n'),
    wait: (milliseconds) => {
      clock += milliseconds
    },
  }
}
