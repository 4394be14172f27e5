/** Answers for those who watch the process: outside the pipeline, since they name no object and tell no secret. */
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

/** Undefined where the path is none of a probe. */
export const answerProbe = (probes: Probes, segments: readonly string[]): Promise<Answer> | undefined => {
  const [first] = segments
  if (first !== 'health' && first !== 'metrics') return undefined
  const path = segments.join('/')
  if (path === 'health/live') return Promise.resolve(jsonAnswer({ live: true }))
  if (path === 'health/ready') return answerReady(probes)
  if (path === 'metrics') return answerMetrics(probes)
  return undefined
}
