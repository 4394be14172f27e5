/** Answers for those who watch the process: outside the pipeline, since they name no object and tell no secret. */
import { type TSchema, Type } from 'typebox'
import { type Answer, jsonAnswer } from './answer.ts'

export interface Probes {
  /** What keeps the process from serving, by name; empty when it is ready. */
  readonly ready: () => Promise<readonly string[]>
  /** In the text format of Prometheus. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
}

const answerReady = async ({ ready }: Probes): Promise<Answer> => {
  const missing = await ready()
  const answer = jsonAnswer({ ready: missing.length === 0, missing })
  return missing.length === 0 ? answer : { ...answer, status: 503, headers: [['Retry-After', '1']] }
}

const answerMetrics = async ({ metrics }: Probes): Promise<Answer> => {
  const { contentType, text } = await metrics()
  return { status: 200, contentType, body: [Buffer.from(text)] }
}

/** As the document of the API has it. */
export interface PublicPage {
  readonly path: string
  readonly operation: string
  readonly summary: string
  readonly answers: Readonly<Record<number, { readonly contentType: string; readonly schema: TSchema }>>
}

interface Probe extends PublicPage {
  readonly answer: (probes: Probes) => Promise<Answer>
}

const jsonOf = (schema: TSchema) => ({ contentType: 'application/json', schema })
const readiness = Type.Object(
  { ready: Type.Boolean(), missing: Type.Array(Type.String()) },
  { title: 'Readiness' },
)

export const probePages: readonly Probe[] = [
  {
    path: '/health/live',
    operation: 'getLiveness',
    summary: 'Whether the process answers',
    answers: { 200: jsonOf(Type.Object({ live: Type.Literal(true) }, { title: 'Liveness' })) },
    answer: async () => jsonAnswer({ live: true }),
  },
  {
    path: '/health/ready',
    operation: 'getReadiness',
    summary: 'Whether the process serves, and what it lacks',
    answers: { 200: jsonOf(readiness), 503: jsonOf(readiness) },
    answer: answerReady,
  },
  {
    path: '/metrics',
    operation: 'getMetrics',
    summary: 'Figures for Prometheus',
    answers: { 200: { contentType: 'text/plain', schema: Type.String() } },
    answer: answerMetrics,
  },
]

/** Undefined where the path is none of a probe. */
export const answerProbe = (probes: Probes, segments: readonly string[]): Promise<Answer> | undefined => {
  const [first] = segments
  if (first !== 'health' && first !== 'metrics') return undefined
  const path = `/${segments.join('/')}`
  return probePages.find((page) => page.path === path)?.answer(probes)
}
