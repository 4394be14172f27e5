/** Whether the asker may grant or take relations of an object: besides the need, which says that it may grant at all. */
import { type Granter, grantersOf } from '#authz/granting.ts'
import type { RightsQuestion } from '#authz/rights.ts'
import type { Principal, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { GrantDraft } from '#store/grants.ts'
import { forGood, tooLong } from '../management/lasting.ts'
import type { Governed, PermissionDeps } from './place.ts'
import { wireRelation } from './wire-relations.ts'

interface Asked {
  readonly principal: Principal
  readonly governed: Governed
  /** Of the project that the object lies in. */
  readonly project?: string | undefined
  /** As it will be then (`Rights.holdsAt`); absent: as it is. */
  readonly at?: number
}

export interface Granted {
  readonly allowed: boolean
  /** By a right to manage all grants of the object, not only to hand on what one holds. */
  readonly manages: boolean
}

const resourceFor = ({ on }: Granter, { governed, project }: Asked): Resource | undefined => {
  if (on === 'object') return governed.resource
  return project === undefined ? undefined : { kind: 'project', project }
}

const questionsOf = (granter: Granter, asked: Asked): readonly RightsQuestion[] | undefined => {
  const resource = resourceFor(granter, asked)
  return resource && granter.relations.map((relation) => ({ relation, resource }))
}

/** Handing on is said by two relations. */
const isManaging = ({ relations }: Granter): boolean => relations.length === 1

/** One answer a relation, in order, all asked at once. */
export const whichMayBeGranted = async (
  { rights, policyEpoch }: Pick<PermissionDeps, 'rights' | 'policyEpoch'>,
  asked: Asked,
  relations: readonly string[],
): Promise<readonly Granted[]> => {
  const ways = relations.map((relation) =>
    grantersOf(asked.governed.resource.kind, relation).flatMap((granter) => {
      const questions = questionsOf(granter, asked)
      return questions === undefined ? [] : [{ granter, questions }]
    }),
  )
  const all = ways.flat().flatMap(({ questions }) => questions)
  const { principal, at } = asked
  const answers =
    at === undefined
      ? await rights.holds(principal, all, await policyEpoch())
      : await rights.holdsAt(principal, all, at)
  let next = 0
  const holds = ({ questions }: { readonly questions: readonly RightsQuestion[] }): boolean => {
    const own = answers.slice(next, next + questions.length)
    next += questions.length
    return own.length === questions.length && own.every(Boolean)
  }
  return ways.map((alternatives) => {
    const held = alternatives.filter(holds)
    return { allowed: held.length > 0, manages: held.some(({ granter }) => isManaging(granter)) }
  })
}

/** Forbidden names the first that may not be granted. True where grants that others have made may be touched too. */
export const checkMayGrant = async (
  deps: Pick<PermissionDeps, 'rights' | 'policyEpoch'>,
  asked: Asked,
  relations: readonly string[],
): Promise<boolean> => {
  const granted = await whichMayBeGranted(deps, asked, relations)
  const refused = relations.find((_, i) => granted[i]?.allowed !== true)
  const type = asked.governed.resource.kind
  if (refused !== undefined)
    throw new CatalogError('ForbiddenException', `Not allowed: grant ${wireRelation(type, refused)}`)
  return granted.every(({ manages }) => manages)
}

/** When it is in force for the last time. */
const lastOf = ({ expiresAt }: Pick<GrantDraft, 'expiresAt'>): number =>
  expiresAt === undefined ? forGood : expiresAt.getTime() - 1

type Lasting = Pick<GrantDraft, 'relation' | 'expiresAt'>

/**
 * Forbidden where one of the grants would outlast the right that it is made by; the refusal names the end of that. True
 * where all of them are made by a right to manage grants.
 */
export const checkLasts = async (
  deps: Pick<PermissionDeps, 'rights' | 'policyEpoch'>,
  asked: Asked,
  drafts: readonly Lasting[],
): Promise<boolean> => {
  let manages = true
  for (const [at, some] of Map.groupBy(drafts, lastOf)) {
    const relations = [...new Set(some.map(({ relation }) => relation))]
    const granted = await whichMayBeGranted(deps, { ...asked, at }, relations)
    const refused = relations.find((_, i) => granted[i]?.allowed !== true)
    if (refused !== undefined) throw await outlasting(deps, asked, refused)
    manages &&= granted.every((one) => one.manages)
  }
  return manages
}

const outlasting = (
  deps: Pick<PermissionDeps, 'rights' | 'policyEpoch'>,
  asked: Asked,
  relation: string,
): Promise<CatalogError> => {
  const { principal, governed, project } = asked
  const { resource } = governed
  return tooLong(deps, {
    ...{ principal, what: `grant ${wireRelation(resource.kind, relation)}` },
    resources: [resource, ...(project === undefined ? [] : [{ kind: 'project', project } as const])],
    stands: async (at) => (await whichMayBeGranted(deps, { ...asked, at }, [relation]))[0]?.allowed === true,
  })
}
