/** What a connector gets in tests: the real guarded fetch, loopback allowed, and intents kept in memory. */
import type { ConnectorTools, UpstreamRequest, UpstreamResponse } from '#catalog/connector.ts'
import { openGuardedFetch } from '#catalog/egress.ts'
import { createEgressPolicy } from '#catalog/egress-policy.ts'
import type { CommitIntents, IntentDraft } from '#catalog/intents.ts'
import type { Outcome } from '#model/event.ts'
import { noteEmitted } from './leaks/record.ts'

interface RecordedIntent {
  readonly draft: IntentDraft
  state: 'begun' | 'committed' | 'refused' | 'unknown'
  outcome?: Outcome
}

interface RecordedExchange {
  readonly request: UpstreamRequest
  readonly response?: UpstreamResponse
}

export interface TestTools extends AsyncDisposable {
  readonly tools: ConnectorTools
  readonly intents: readonly RecordedIntent[]
  /** Every request that left, oldest first. */
  readonly exchanges: readonly RecordedExchange[]
  readonly logged: readonly string[]
  /** Moves the clock that the connector sees. */
  advance(ms: number): void
}

export interface TestToolsInput {
  readonly secrets?: Readonly<Record<string, string>>
  readonly connection?: string
}

const createMemoryIntents = (): { readonly port: CommitIntents; readonly all: readonly RecordedIntent[] } => {
  const all: RecordedIntent[] = []
  return {
    all,
    port: {
      begin: async (draft) => {
        const intent: RecordedIntent = { draft, state: 'begun' }
        const key = draft.idempotency?.key
        const doubtful = all.filter(
          (one) => key !== undefined && one.state === 'unknown' && one.draft.idempotency?.key === key,
        )
        all.push(intent)
        return {
          id: String(all.length),
          doubtful: doubtful.map(({ draft: { addedSnapshotIds, marks = [] } }, i) => ({
            id: String(i),
            addedSnapshotIds,
            marks,
          })),
          settle: async (end) => {
            intent.state = end.state
            if (end.state === 'committed') intent.outcome = end.outcome
          },
        }
      },
    },
  }
}

export const createTestTools = (input: TestToolsInput = {}): TestTools => {
  const opened = openGuardedFetch({ policy: createEgressPolicy({ allow: [], loopback: true }) })
  const intents = createMemoryIntents()
  const exchanges: RecordedExchange[] = []
  const logged: string[] = []
  let shift = 0
  return {
    intents: intents.all,
    exchanges,
    logged,
    advance: (ms) => {
      shift += ms
    },
    tools: {
      connection: input.connection ?? 'upstream',
      hop: 'test.gateway',
      now: () => Date.now() + shift,
      log: (event, detail) => {
        logged.push(`${event} ${JSON.stringify(detail)}`)
      },
      intents: intents.port,
      secret: async (reference) => {
        const secret = input.secrets?.[reference]
        if (secret === undefined) throw new Error(`no secret ${reference}`)
        return secret
      },
      fetch: async (request) => {
        const index = exchanges.push({ request }) - 1
        const response = await opened.fetch(request)
        exchanges[index] = { request, response }
        return response
      },
    },
    [Symbol.asyncDispose]: () => {
      noteEmitted('log', 'what a connector reports', logged.join('\n'))
      return opened[Symbol.asyncDispose]()
    },
  }
}
