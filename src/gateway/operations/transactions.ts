/** A change of several tables at once: all of one catalog, or refused with nothing sent. */
import type { TableChange } from '#catalog/catalog.ts'
import { assertsCreate } from '#iceberg/requirements.ts'
import { CatalogError } from '#model/errors.ts'
import { checkIdentifier, formatIdentifier, namespaceKey } from '#model/identifier.ts'
import type { JsonValue } from '#model/json.ts'
import { asArray, asArrayOf, asObject, optional } from '#model/json-read.ts'
import type { Operation } from '../operation.ts'
import { findWarehouse } from '../warehouses.ts'
import {
  checkLookupOf,
  findEntries,
  type IcebergDeps,
  type InWarehouse,
  namespaceResource,
  need,
  needsOfCommit,
  type RoutedPlace,
  readIdentifier,
  relationResource,
  type WithBody,
} from './place.ts'
import { transactionEvents } from './relayed-events.ts'
import { replayDone } from './replays.ts'

type CommitTransaction = InWarehouse & WithBody

interface TransactionPlace extends RoutedPlace<CommitTransaction> {
  readonly changes: readonly TableChange[]
}

const readChange = (value: JsonValue, index: number): TableChange => {
  const path = `table-changes[${index}]`
  const change = asObject(value, path)
  const objects = asArrayOf(asObject)
  return {
    id: readIdentifier(change['identifier'], `${path}.identifier`),
    requirements: optional(objects, change['requirements'], `${path}.requirements`) ?? null,
    updates: objects(change['updates'], `${path}.updates`),
  }
}

const rejectRepeated = (changes: readonly TableChange[]): void => {
  const seen = new Set<string>()
  for (const { id } of changes) {
    const key = namespaceKey([...id.namespace, id.name])
    if (seen.has(key))
      throw new CatalogError(
        'BadRequestException',
        `Invalid transaction: ${formatIdentifier(id)} is changed twice`,
      )
    seen.add(key)
  }
}

/** Each is locked and decided on: more in one go would hold up everybody else. */
const mostChanges = 1_000

const readChanges = ({ body }: WithBody): readonly TableChange[] => {
  const changes = asArray(body.json['table-changes'], 'table-changes').map(readChange)
  if (changes.length === 0)
    throw new CatalogError('BadRequestException', 'Invalid transaction: table-changes is empty')
  if (changes.length > mostChanges)
    throw new CatalogError('BadRequestException', `Invalid transaction: more than ${mostChanges} tables`)
  rejectRepeated(changes)
  return changes
}

const creates = ({ requirements }: TableChange): boolean => assertsCreate(requirements)

const findPlace = async (deps: IcebergDeps, input: CommitTransaction): Promise<TransactionPlace> => {
  const changes = readChanges(input)
  for (const change of changes) {
    checkLookupOf(change.id)
    if (creates(change)) checkIdentifier(change.id)
  }
  const warehouse = findWarehouse(deps.warehouses, input.warehouse)
  const route = warehouse.mounts.routeTogether(
    changes.map(({ id }) => id.namespace),
    'commit a transaction',
  )
  const entries = await findEntries(
    route,
    changes.map(({ id }) => id),
  )
  return {
    warehouse,
    input,
    route,
    changes,
    relayed: !route.source.local,
    ...(entries ? { entries } : {}),
  }
}

export const createTransactionOperations = (deps: IcebergDeps) => {
  const commitTransaction: Operation<CommitTransaction, TransactionPlace, void> = {
    name: 'commitTransaction',
    kind: 'change',
    success: 204,
    resolve: (input) => findPlace(deps, input),
    needs: (target) =>
      target.changes.flatMap((change) =>
        creates(change)
          ? [need('create', namespaceResource(target, change.id.namespace))]
          : needsOfCommit(relationResource('table', target, change.id), change),
      ),
    run: async ({ context, target: { route, changes, input } }) => {
      const { transactions } = route.catalog
      if (!transactions)
        throw new CatalogError(
          'UnsupportedOperationException',
          'The catalog mounted here has no transactions',
        )
      await transactions.commit(context, changes, input.body)
    },
    changes: transactionEvents,
    replay: replayDone,
  }
  return { commitTransaction }
}
