/** Access in an emergency: for a reason, for a while, by those who could grant it anyway, and told loudly. */
import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { grantable } from '#authz/granting.ts'
import type { CallContext } from '#catalog/catalog.ts'
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { GrantRecord, GrantSubject } from '#store/grants.ts'
import type { Operation } from '../../operation.ts'
import { type ById, certainly, isId, onProject, type Place, type ProjectTarget } from '../management/place.ts'
import { inProjectOf } from '../management/role-place.ts'
import { replayDone } from '../replays.ts'
import { checkLasts, checkMayGrant } from './granters.ts'
import {
  findGoverned,
  type Governed,
  governedProject,
  governedWarehouse,
  isMounted,
  type PermissionDeps,
} from './place.ts'
import { lookDecided } from './upstream-objects.ts'
import { relationOf } from './wire-relations.ts'

const longestSeconds = 8 * 60 * 60
/** Whoever may grant this in the project opens access in an emergency, and ends that of others. */
const opening = 'security_admin'

export const breakGlassSchema = Type.Object(
  {
    'object-type': Type.Union(
      ['project', 'warehouse', 'namespace', 'table', 'view'].map((type) => Type.Literal(type)),
    ),
    /** Absent for the project of the request. */
    'object-id': Type.Optional(Type.Union([Type.String({ maxLength: 128 }), Type.Null()])),
    relation: Type.String({ maxLength: 64 }),
    reason: Type.String({ minLength: 10, maxLength: 2_000 }),
    'duration-seconds': Type.Integer({ minimum: 60, maximum: longestSeconds }),
  },
  { additionalProperties: false },
)

type Draft = Static<typeof breakGlassSchema>

export interface OpenBreakGlass {
  readonly body: Draft
  readonly project?: string | undefined
}

interface InProject<Input> extends ProjectTarget<Input> {
  readonly asker: Principal
}

interface OpenTarget extends InProject<OpenBreakGlass> {
  /** Undefined where nothing is there. */
  readonly governed: Governed | undefined
}

/** A grant that was opened so, with an id to end it by. */
export interface Emergency extends GrantRecord {
  readonly id: string
}

/** Grants have no ids: made of the key of this one. */
const idOfGrant = ({
  object,
  relation,
  subject,
}: Pick<GrantRecord, 'object' | 'relation' | 'subject'>): string => {
  const hex = createHash('sha256')
    .update([subject.kind, subject.id, object, relation].join('\n'))
    .digest('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`]
  return [...parts, hex.slice(20, 32)].join('-')
}

const withId = (grant: GrantRecord): Emergency => ({ ...grant, id: idOfGrant(grant) })

const findWanted = async (
  deps: PermissionDeps,
  project: string,
  body: Draft,
): Promise<Governed | undefined> => {
  const id = (body['object-id'] ?? '').toLowerCase()
  const type = body['object-type']
  if (type === 'project') return governedProject(project)
  if (type === 'warehouse' && isId(id) && (await deps.registry.findWarehouse(project, id)))
    return governedWarehouse(project, id)
  const found =
    type === 'namespace' || type === 'table' || type === 'view'
      ? await findGoverned(deps, project, { kind: type, id })
      : undefined
  return found?.[0]
}

/** By name, so that it is known who had it. */
const subjectOf = ({ id, assumedRole }: Principal): GrantSubject => {
  if (assumedRole !== undefined)
    throw new CatalogError('BadRequestException', 'Access is opened in one’s own name, with no assumed role')
  return { kind: 'principal', id }
}

const listEmergencies = async (deps: PermissionDeps, project: string): Promise<readonly Emergency[]> =>
  (await deps.grants.listReasoned(project)).map(withId)

const findEmergency = async (deps: PermissionDeps, project: string, id: string): Promise<Emergency> => {
  const found = (await listEmergencies(deps, project)).find((one) => one.id === id)
  if (found === undefined) throw new CatalogError('NotFoundException', `No such access is open: ${id}`)
  return found
}

/** The grant that the request is for. */
const wantedOf = ({ governed, asker, input: { body } }: OpenTarget) => {
  if (governed === undefined)
    throw new CatalogError(
      'NotFoundException',
      `There is no ${body['object-type']} with the id ${body['object-id']}`,
    )
  const relation = relationOf(governed.resource.kind, body.relation)
  if (!grantable[governed.resource.kind].includes(relation))
    throw new CatalogError('BadRequestException', `Invalid relation: ${body.relation}`)
  return { governed, relation, subject: subjectOf(asker) }
}

const checkReason = ({ reason }: Draft): void => {
  checkText(reason, 'reason')
  if (reason.trim().length < 10)
    throw new CatalogError('BadRequestException', 'Invalid reason: say why, in ten letters at least')
}

const findOpened = (deps: PermissionDeps, target: OpenTarget): Promise<Emergency> => {
  const { governed, relation, subject } = wantedOf(target)
  return findEmergency(deps, target.project, idOfGrant({ object: governed.place.object, relation, subject }))
}

const open = async (deps: PermissionDeps, context: CallContext, target: OpenTarget): Promise<Emergency> => {
  const { asker, project, input } = target
  const { reason, 'duration-seconds': seconds } = input.body
  checkReason(input.body)
  const { governed, relation, subject } = wantedOf(target)
  // An hour of more than one may grant would be enough to keep it for good.
  const asked = { principal: asker, governed, project }
  const above = { ...asked, governed: governedProject(project) }
  const expiresAt = new Date(Date.now() + seconds * 1_000)
  const { uuid } = await lookDecided(context, governed, async () => {
    await checkMayGrant(deps, asked, [relation])
    await checkLasts(deps, asked, [{ relation, expiresAt }])
    await checkLasts(deps, above, [{ relation: opening, expiresAt }])
  })
  await deps.grants.openEmergency(context, {
    ...{ place: governed.place, mounted: isMounted(governed) },
    draft: { relation, subject, expiresAt, reason },
    ...(uuid === undefined ? {} : { uuid }),
  })
  const { object } = governed.place
  deps.warn('break-glass.opened', { principal: asker.id, object, relation, expiresAt, reason })
  return findOpened(deps, target)
}

const mayOpen = async (deps: PermissionDeps, { asker, project }: InProject<unknown>): Promise<void> => {
  await checkMayGrant(deps, { principal: asker, governed: governedProject(project) }, [opening])
}

const atOpening = (deps: PermissionDeps): Place<OpenBreakGlass, OpenTarget> => {
  const place = inProjectOf<OpenBreakGlass>(deps)
  return {
    ...place,
    resolve: async (...asked) => {
      const target = await place.resolve(...asked)
      return { ...target, governed: await findWanted(deps, target.project, target.input.body) }
    },
  }
}

const openBreakGlass = (deps: PermissionDeps): Operation<OpenBreakGlass, OpenTarget, Emergency> => ({
  name: 'openBreakGlass',
  kind: 'change',
  success: 201,
  ...atOpening(deps),
  // The project first: whoever may grant nothing there is not told what is in it.
  needs: (target) => [
    ...onProject('grant')(target),
    ...(target.governed ? [{ action: 'grant', resource: target.governed.resource } as const] : []),
  ],
  run: certainly(async ({ context, target }) => {
    await mayOpen(deps, target)
    return open(deps, context, target)
  }),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: (_outcome, { target }) => findOpened(deps, target),
  },
})

interface PerhapsProject {
  readonly project?: string | undefined
}

const listBreakGlass = (
  deps: PermissionDeps,
): Operation<PerhapsProject, InProject<PerhapsProject>, readonly Emergency[]> => ({
  name: 'listBreakGlass',
  kind: 'read',
  success: 200,
  ...inProjectOf<PerhapsProject>(deps),
  needs: onProject('read-grants'),
  run: ({ target }) => listEmergencies(deps, target.project),
})

type EndBreakGlass = ById & PerhapsProject

/** By whoever could have opened it. */
const endBreakGlass = (deps: PermissionDeps): Operation<EndBreakGlass, InProject<EndBreakGlass>, void> => ({
  name: 'endBreakGlass',
  kind: 'change',
  success: 204,
  ...inProjectOf<EndBreakGlass>(deps),
  needs: onProject('grant'),
  run: certainly(async ({ context, target }) => {
    await mayOpen(deps, target)
    const found = await findEmergency(deps, target.project, target.input.id)
    await deps.grants.endEmergency(context, found)
    deps.warn('break-glass.ended', { principal: target.asker.id, object: found.object })
  }),
  replay: replayDone,
})

export const createBreakGlassOperations = (deps: PermissionDeps) => ({
  openBreakGlass: openBreakGlass(deps),
  listBreakGlass: listBreakGlass(deps),
  endBreakGlass: endBreakGlass(deps),
})
