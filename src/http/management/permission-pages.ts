/** The listings of grants: everything that somebody holds, and everybody who reaches an object. */
import { type Static, type TObject, Type } from 'typebox'
import type { Paged } from '#gateway/operations/management/paging.ts'
import type {
  HeldGrantShown,
  ListHoldings,
  ListReach,
  ReachedShown,
} from '#gateway/operations/permissions/holdings.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { holdingWire, reachedWire } from './permission-forms.ts'
import { pageQuery } from './schemas.ts'

const actions = [
  ...['describe', 'read', 'write', 'append', 'overwrite', 'change-refs', 'expire-snapshots', 'change-schema'],
  ...[
    'change-layout',
    'set-properties',
    'set-location',
    'upgrade-format',
    'create',
    'drop',
    'rename',
    'manage',
  ],
  ...['read-grants', 'grant', 'tag'],
] as const

export const reachQuery = {
  ...pageQuery,
  action: Type.Optional(
    Type.Union(
      actions.map((action) => Type.Literal(action)),
      { description: 'What they can do; absent: know of it' },
    ),
  ),
}

export const readReach = (query: Static<TObject<typeof reachQuery>>): ListReach => query

export const answerReach = ({ items, nextPageToken }: Paged<ReachedShown>): Answer =>
  jsonAnswer({ reach: items.map(reachedWire), 'next-page-token': nextPageToken })

export const holdingsQuery = {
  ...pageQuery,
  principalUser: Type.Optional(Type.String({ description: 'Absent: the caller' })),
  principalRole: Type.Optional(Type.String()),
}

export const readHoldings = (query: Static<TObject<typeof holdingsQuery>>): ListHoldings => query

export const answerHoldings = ({ items, nextPageToken }: Paged<HeldGrantShown>): Answer =>
  jsonAnswer({ holdings: items.map(holdingWire), 'next-page-token': nextPageToken })
