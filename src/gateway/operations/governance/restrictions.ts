/** The operations on read restrictions: which rows and columns of a table must not be read. */
import { type Static, Type } from 'typebox'
import type { Need, ReadRestriction } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { RestrictionRecord } from '#store/read-restrictions.ts'
import type { Operation } from '../../operation.ts'
import { certainly } from '../management/place.ts'
import {
  type AtContent,
  type GovernedTarget,
  isMounted,
  needing,
  onContent,
  type PermissionDeps,
} from '../permissions/place.ts'
import { replayDone } from '../replays.ts'
import type { RestrictionRegistry } from './registry.ts'
import { checkFilter } from './row-filter.ts'

export interface RestrictionDeps extends PermissionDeps {
  readonly governance: RestrictionRegistry
}

const strict = { additionalProperties: false } as const

export const restrictionSchema = Type.Object(
  {
    'row-filter': Type.Optional(
      Type.Object({}, { additionalProperties: true, description: 'An Iceberg expression: rows to be seen' }),
    ),
    columns: Type.Optional(
      Type.Array(
        Type.Object(
          {
            'field-id': Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
            mask: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
          },
          strict,
        ),
        { maxItems: 10_000, description: 'Not to be read, or only masked' },
      ),
    ),
  },
  strict,
)

export interface SetRestriction extends AtContent {
  readonly body: Static<typeof restrictionSchema>
}

const missingRestriction = (): CatalogError =>
  new CatalogError('NotFoundException', 'The table has no read restriction')

const restrictionOf = ({ 'row-filter': filter, columns = [] }: SetRestriction['body']): ReadRestriction => {
  if (filter === undefined && columns.length === 0)
    throw new CatalogError(
      'BadRequestException',
      'Invalid restriction: it has a row filter, columns, or both',
    )
  const ids = columns.map((column) => column['field-id'])
  if (new Set(ids).size !== ids.length)
    throw new CatalogError('BadRequestException', 'Invalid columns: a field is named once')
  for (const { mask = '' } of columns) checkText(mask, 'mask')
  return {
    ...(filter === undefined ? {} : { rowFilter: checkFilter(filter) }),
    ...(columns.length === 0
      ? {}
      : {
          columns: columns.map(({ 'field-id': fieldId, mask }) =>
            mask === undefined ? { fieldId } : { fieldId, mask },
          ),
        }),
  }
}

/** To lift a restriction gives data, to set one takes it: the right to grant, and the right to tag. */
const governing = ({ governed: { resource } }: GovernedTarget<unknown>): readonly Need[] => [
  { action: 'grant', resource },
  { action: 'tag', resource },
]

const getReadRestriction = (
  deps: RestrictionDeps,
): Operation<AtContent, GovernedTarget<AtContent>, RestrictionRecord> => ({
  name: 'getReadRestriction',
  kind: 'read',
  success: 200,
  ...onContent<AtContent>(deps, 'table'),
  needs: needing('read-grants'),
  run: async ({ target: { governed } }) => {
    const found = await deps.governance.findRestriction(governed.place.object)
    if (found === undefined) throw missingRestriction()
    return found
  },
})

const setReadRestriction = (
  deps: RestrictionDeps,
): Operation<SetRestriction, GovernedTarget<SetRestriction>, RestrictionRecord> => ({
  name: 'setReadRestriction',
  kind: 'change',
  success: 200,
  ...onContent<SetRestriction>(deps, 'table'),
  needs: governing,
  run: certainly(async ({ context, target: { governed, input } }) => {
    const at = { place: governed.place, mounted: isMounted(governed) }
    return deps.governance.setRestriction(context, at, restrictionOf(input.body))
  }),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) => {
      const found = await deps.governance.findRestriction(target.governed.place.object)
      if (found === undefined) throw missingRestriction()
      return found
    },
  },
})

const deleteReadRestriction = (
  deps: RestrictionDeps,
): Operation<AtContent, GovernedTarget<AtContent>, void> => ({
  name: 'deleteReadRestriction',
  kind: 'change',
  success: 204,
  ...onContent<AtContent>(deps, 'table'),
  needs: governing,
  run: certainly(async ({ context, target: { governed } }) =>
    deps.governance.removeRestriction(context, { place: governed.place, mounted: isMounted(governed) }),
  ),
  replay: replayDone,
})

export const createRestrictionOperations = (deps: RestrictionDeps) => ({
  getReadRestriction: getReadRestriction(deps),
  setReadRestriction: setReadRestriction(deps),
  deleteReadRestriction: deleteReadRestriction(deps),
})
