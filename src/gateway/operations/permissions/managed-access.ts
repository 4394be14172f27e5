/** Managed access: while it is set on a warehouse or namespace, owning what lies inside gives no right to grant. */
import { type Static, Type } from 'typebox'
import { namespaceObject, type ObjectKey } from '#model/object-key.ts'
import type { Operation } from '../../operation.ts'
import { certainly } from '../management/place.ts'
import { replayDone } from '../replays.ts'
import type { Kind } from './assignments.ts'
import { checkLasts, checkMayGrant } from './granters.ts'
import { type Governed, type GovernedTarget, isMounted, needing, type PermissionDeps } from './place.ts'
import { lookDecided } from './upstream-objects.ts'

export const managedAccessSchema = Type.Object(
  { 'managed-access': Type.Boolean() },
  { additionalProperties: false },
)

export interface SetManagedAccess {
  readonly body: Static<typeof managedAccessSchema>
}

export interface ManagedAccess {
  readonly managed: boolean
  /** Set on something above. */
  readonly inherited: boolean
}

const above = ({ resource }: Governed): readonly ObjectKey[] => {
  if (resource.kind !== 'namespace') return []
  const { warehouse, namespace } = resource
  const namespaces = namespace.slice(1).map((_, i) => namespaceObject(warehouse, namespace.slice(0, i + 1)))
  return [...namespaces, `warehouse:${warehouse}`]
}

export const getManagedAccess = <Input>(
  deps: PermissionDeps,
  { word, place }: Pick<Kind<Input>, 'word' | 'place'>,
): Operation<Input, GovernedTarget<Input>, ManagedAccess> => ({
  name: `get${word}ManagedAccess`,
  kind: 'read',
  success: 200,
  ...place,
  needs: needing('describe'),
  run: async ({ target: { governed } }) => {
    const { object } = governed.place
    const managed = new Set(await deps.grants.findManaged([object, ...above(governed)]))
    return { managed: managed.has(object), inherited: above(governed).some((one) => managed.has(one)) }
  },
})

/** Owners have lost that very right: only who manages the grants of what it lies in ends it. */
export const setManagedAccess = <Input extends SetManagedAccess>(
  deps: PermissionDeps,
  { word, place }: Pick<Kind<Input>, 'word' | 'place'>,
): Operation<Input, GovernedTarget<Input>, void> => ({
  name: `set${word}ManagedAccess`,
  kind: 'change',
  success: 200,
  ...place,
  needs: needing('grant'),
  run: certainly(async ({ context, target: { input, governed, asker, project } }) => {
    const managed = input.body['managed-access']
    const asked = { principal: asker, governed, project }
    const decide = () => checkMayGrant(deps, asked, ['manage_grants'])
    if (managed) await lookDecided(context, governed, decide)
    else await decide()
    // Owners grant again from then on, and the asker may be one of them.
    if (!managed) await checkLasts(deps, asked, [{ relation: 'manage_grants' }])
    await deps.grants.setManaged(context, { place: governed.place, mounted: isMounted(governed), managed })
  }),
  replay: replayDone,
})
