/** Which of many principals may do one thing: together where the authorizer can, else one by one. */
import type { Principal } from '#model/access.ts'
import type { Authorizer, Circumstances, SharedNeed } from './authorizer.ts'

export interface Crowd {
  readonly principals: readonly Principal[]
  readonly need: SharedNeed
}

/** As many at a time: each may take a place at the store, where others wait for one. */
const portion = 100

const askSome = async (
  authorizer: Authorizer,
  { principals, need }: Crowd,
  circumstances: Circumstances,
): Promise<readonly boolean[]> => {
  if (authorizer.whoMay !== undefined) return authorizer.whoMay(principals, need, circumstances)
  const answers: boolean[] = []
  for (const principal of principals) {
    const [may] = await authorizer.visible(principal, need.action, [need.resource], circumstances)
    answers.push(may === true)
  }
  return answers
}

/** One answer a principal, in order. Rejects where the authorizer cannot answer. */
export const whoMay = async (
  authorizer: Authorizer,
  { principals, need }: Crowd,
  circumstances: Circumstances,
): Promise<readonly boolean[]> => {
  const answers: boolean[] = []
  for (let at = 0; at < principals.length; at += portion) {
    const some = { principals: principals.slice(at, at + portion), need }
    answers.push(...(await askSome(authorizer, some, circumstances)))
  }
  return answers
}
