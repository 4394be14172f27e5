/** What the engine's answers to the needs of a request come to. */
import { type Decision, type ExpectedUuid, isContent, type Need } from '#model/access.ts'
import type { Asking } from './asking.ts'

export interface Answered {
  readonly needs: readonly Need[]
  readonly asking: Asking
  readonly answers: readonly boolean[]
}

/** Places of the needs that have not been granted. */
export const refusedIn = ({ asking, answers }: Answered): readonly number[] => {
  const places: number[] = []
  for (const [place, { allowed }] of asking.asked.entries()) if (answers[allowed] !== true) places.push(place)
  return places
}

export const isSeen = ({ asking, answers }: Answered, place: number): boolean =>
  answers[asking.asked[place]?.seen ?? -1] === true

const expectedUuids = ({ asking, answers }: Answered): readonly ExpectedUuid[] => {
  const expected: ExpectedUuid[] = []
  for (const { need, above } of asking.asked) {
    const { resource } = need
    if (above === undefined || answers[above.place] === true) continue
    if (isContent(resource)) expected.push({ resource, uuid: above.uuid })
  }
  return expected
}

export const dataOf = ({ asking: { data }, answers }: Answered): 'none' | 'read' | 'write' | undefined => {
  if (data === undefined) return undefined
  if (answers[data.write] === true) return 'write'
  return answers[data.read] === true ? 'read' : 'none'
}

/** What has to be kept by whoever executes what has been granted. */
export const withObligations = (decision: Decision, answered: Answered): Decision => {
  const expectUuids = expectedUuids(answered)
  const data = dataOf(answered)
  if (expectUuids.length === 0 && data === undefined) return decision
  return {
    ...decision,
    obligations: {
      ...(data === undefined ? {} : { data }),
      ...(expectUuids.length === 0 ? {} : { expectUuids }),
    },
  }
}
