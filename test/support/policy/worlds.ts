/** Random worlds of grants: a small server with everything in it that the model knows, and who holds what on it. */
import fc from 'fast-check'
import type { Subject } from '#authz/grants.ts'
import type { AuthorizationModel } from '#authz/model-form.ts'
import type { ObjectKey, ObjectType } from '#authz/objects.ts'
import type { NaiveWorld, StoredGrant } from './naive.ts'

/** Objects first, then what they lie in. */
export const chains: readonly (readonly ObjectKey[])[] = [
  ['server:s'],
  ['user:oidc~a', 'server:s'],
  ...(['p', 'q'] as const).flatMap((project): readonly (readonly ObjectKey[])[] => {
    const top: readonly ObjectKey[] = [`project:${project}`, 'server:s']
    const inside: readonly ObjectKey[] = [`warehouse:${project}w`, ...top]
    const first: readonly ObjectKey[] = [`namespace:${project}w/a`, ...inside]
    const second: readonly ObjectKey[] = [`namespace:${project}w/a\u001fb`, ...first]
    return [
      ...[top, inside, first, second],
      ...[[`role:${project}r`, ...top] as const, [`connection:${project}c`, ...top] as const],
      [`service-account:${project}x`, ...top],
      [`tag:${project}t`, ...top],
      ...[[`table:${project}1`, ...first] as const, [`table:${project}2`, ...second] as const],
      ...[[`view:${project}1`, ...second] as const, [`table:${project}w/a\u001em`, ...first] as const],
    ]
  }),
]

const typeOf = (object: ObjectKey): ObjectType => object.slice(0, object.indexOf(':')) as ObjectType

const relationsOf = (model: AuthorizationModel, type: string): readonly string[] =>
  Object.keys(model.type_definitions.find((definition) => definition.type === type)?.relations ?? {})

const objects = [...new Set(chains.flat())]

/** Also tuples that the model does not let be: they must count for nothing. */
const grantIn = (model: AuthorizationModel): fc.Arbitrary<StoredGrant> =>
  fc
    .constantFrom(...objects.filter((object) => relationsOf(model, typeOf(object)).length > 0))
    .chain((object) =>
      fc.record({
        object: fc.constant(object),
        relation: fc.constantFrom(
          ...relationsOf(model, typeOf(object)).filter((name) => !name.startsWith('can_')),
        ),
        holder: fc.constantFrom(
          ...(['principal a', 'principal b', 'role pr', 'role qr', 'anyone *'] as const),
        ),
        expiresAt: fc.constantFrom(null, null, null, 1_000, 1_001, 5_000),
      }),
    )
    .map(({ object, relation, holder, expiresAt }) => {
      const [kind, id = ''] = holder.split(' ') as [StoredGrant['kind'], string]
      return { object, relation, kind, id, expiresAt }
    })

export const subjects: fc.Arbitrary<Subject> = fc.record(
  {
    principal: fc.constantFrom('a', 'b'),
    roles: fc.subarray(['pr', 'qr']).map((ids) => new Set(ids)),
    projects: fc.oneof(
      { weight: 3, arbitrary: fc.constant(new Set<string>()) },
      fc.subarray(['p', 'q']).map((ids) => new Set(ids)),
    ),
    serverAdmin: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  },
  { requiredKeys: ['roles', 'projects', 'serverAdmin'] },
)

const above = new Map(
  chains.flatMap((chain) => chain.slice(1).map((object, i) => [chain[i] as ObjectKey, object] as const)),
)

export const worldsOf = (model: AuthorizationModel): fc.Arbitrary<NaiveWorld> =>
  fc.array(grantIn(model), { maxLength: 12 }).map((grants) => ({ model, grants, above, now: 1_000 }))

export interface AskedQuestion {
  readonly relation: string
  readonly type: ObjectType
  readonly chain: readonly ObjectKey[]
}

/** One question a relation and object of the world. */
export const everyQuestion = (model: AuthorizationModel): readonly AskedQuestion[] =>
  chains.flatMap((chain) => {
    const type = typeOf(chain[0] as ObjectKey)
    return relationsOf(model, type)
      .filter((relation) => relation !== 'parent' && relation !== 'project' && relation !== 'server')
      .map((relation) => ({ relation, type, chain }))
  })
