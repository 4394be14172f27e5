/** Where Lakegate deliberately answers otherwise than Apache's reference server, and why. */
import { fileNumber, isLastAddedSchema, isUnnumberedField, isWithoutId, mentions } from './bodies.ts'
import type { Divergence } from './compare.ts'
import { areOtherFaults, areOtherFaultsOfTables, badRequests, isNotRefusedAlike, missing } from './faults.ts'
import { reservedProperty, setsReserved } from './reserved.ts'
import type { Exchange } from './run.ts'
import { noAnswer } from './side.ts'

export interface AcceptedDifference {
  readonly id: string
  readonly reference: string
  readonly lakegate: string
  readonly reason: string
  /** True where both catalogs hold the same content afterwards although not both refused. */
  readonly sameState?: true
  /** True where one of them has stored something although both refused. */
  readonly leavesApart?: true
  covers(divergence: Divergence, exchange: Exchange): boolean
}

const refusedByUs = ({ other }: Pick<Exchange, 'other'>): boolean => other.status >= 400 && other.status < 500

export const acceptedDifferences: readonly AcceptedDifference[] = [
  {
    id: 'another uuid',
    reference: 'stores the new uuid, and answers 500 unless it is within a transaction',
    lakegate: '400 `BadRequestException`',
    reason:
      'A table keeps its uuid: clients and grants know it by that. The reference then refuses its own table.',
    leavesApart: true,
    covers: (_divergence, { reference, other }) =>
      other.message?.startsWith('Cannot reassign the uuid') === true &&
      (reference.status < 300 || reference.message?.startsWith('Table UUID does not match') === true),
  },
  {
    id: 'unreadable body',
    reference: '500 without an Iceberg error',
    lakegate: '400 `BadRequestException` or the error that names the fault',
    reason:
      'A body that cannot be read is the fault of the client; 500 on a commit would mean "state unknown".',
    covers: (_divergence, exchange) =>
      exchange.reference.status === 500 && exchange.reference.type === undefined && refusedByUs(exchange),
  },
  {
    id: 'internal error',
    reference: '500 with the name of a Java exception, such as `NullPointerException`',
    lakegate: '400 or 406 with a message',
    reason: 'As above: the request is wrong, and nothing has happened.',
    covers: (_divergence, exchange) =>
      exchange.reference.status === 500 && exchange.reference.type !== undefined && refusedByUs(exchange),
  },
  {
    id: 'name of a bad request',
    reference: '400 `IllegalArgumentException` or `ValidationException`',
    lakegate: '400 `BadRequestException`',
    reason: 'Members that are missing or of a wrong type: the type name of the specification.',
    covers: (_divergence, { reference, other }) =>
      badRequests.has(reference.type ?? '') && other.type === 'BadRequestException',
  },
  {
    id: 'which fault is told first',
    reference: 'one of the faults of a request',
    lakegate: 'another one',
    reason:
      'Both are true. We read the whole request before we look at anything, and look for the namespace before we build anything.',
    covers: (_divergence, { request, reference, other }) =>
      (reference.status >= 400 && missing.has(other.type ?? '')) ||
      areOtherFaults(reference, other) ||
      (request.name.startsWith('commitTransaction') && areOtherFaultsOfTables(reference, other)),
  },
  {
    id: 'transform that a type does not have',
    reference: '406 `UnsupportedOperationException`',
    lakegate: '400 `IllegalArgumentException`',
    reason: 'The request is wrong; 406 says that a server lacks an operation.',
    covers: (_divergence, { reference, other }) =>
      reference.type === 'UnsupportedOperationException' &&
      other.status === 400 &&
      /^Cannot (truncate|bucket|convert) /.test(reference.message ?? ''),
  },
  {
    id: 'last added, where an equal one was there',
    reference: '400: `-1` is unknown after a schema, spec, order or version that was reused',
    lakegate: '`-1` names the reused one',
    reason: 'The client did add it in this request; it cannot know that an equal one had come before.',
    covers: ({ where }, { request, reference, other }) =>
      (isNotRefusedAlike(reference, other) &&
        /^Cannot set last (added|version)/.test(reference.message ?? '')) ||
      (/versions\[\d+\]\.schema-id$/.test(where) && mentions(request, isLastAddedSchema)),
  },
  {
    id: 'spec or order without an id',
    reference: '500',
    lakegate: 'takes it: the id is given by the catalog anyway',
    reason: 'Real clients leave it out, and the specification makes it optional.',
    covers: (_divergence, { request, reference, other }) =>
      reference.status === 500 && other.status < 300 && mentions(request, isWithoutId),
  },
  {
    id: 'partition fields without ids',
    reference: 'numbers the fields of every spec from 1000',
    lakegate: 'goes on from `last-partition-id`, and keeps the id of an equal field',
    reason: 'Two fields of one table must not share an id (format specification, "Partition Evolution").',
    covers: ({ where }, { request }) =>
      /field-id|last-partition-id$/.test(where) && mentions(request, isUnnumberedField),
  },
  {
    id: 'snapshot older than the log',
    reference: '400: the snapshot log would not be sorted',
    lakegate: 'takes it, and logs it with the time of the entry before',
    reason: 'The clock of one writer that is behind does not stop him; the log stays readable.',
    covers: ({ where, other: ours }, { reference, other }) =>
      isNotRefusedAlike(reference, other) &&
      (reference.message?.includes('Expected sorted snapshot log entries') === true ||
        (/snapshot-log\[\d+\]\.timestamp-ms$/.test(where) && ours === '<now>')),
  },
  {
    id: 'sequence number of an orphan',
    reference: '400: a snapshot without a parent lowers `last-sequence-number`',
    lakegate: 'takes it; `last-sequence-number` never falls',
    reason: 'Sequence numbers only grow (format specification, "Sequence Numbers").',
    covers: (_divergence, { reference, other }) =>
      other.status < 300 &&
      /^Invalid snapshot with sequence number \d+ greater than last/.test(reference.message ?? ''),
  },
  {
    id: 'main as a tag',
    reference: 'takes it',
    lakegate: '400',
    reason: '`main` is a branch (format specification, "Snapshot References").',
    covers: (_divergence, { other }) => other.message === 'Cannot set main to a tag, it must be a branch',
  },
  {
    id: 'removing snapshots of a new table',
    reference: '400 `arraySize cannot be negative`',
    lakegate: 'nothing to remove: no change',
    reason: 'A fault of the reference.',
    covers: (_divergence, { reference, other }) =>
      isNotRefusedAlike(reference, other) &&
      reference.message?.startsWith('arraySize cannot be negative') === true,
  },
  {
    id: 'staged create that cannot be committed',
    reference: 'takes it although the namespace is missing or a view has the name',
    lakegate: '404 `NoSuchNamespaceException`, 409 `AlreadyExistsException`',
    reason: 'The specification; the commit would fail.',
    sameState: true,
    covers: (_divergence, { request, reference, other }) =>
      request.name.startsWith('createTable staged') &&
      reference.status === 200 &&
      (other.type === 'NoSuchNamespaceException' ||
        other.message?.startsWith('View with same name') === true),
  },
  {
    id: 'namespace without a parent',
    reference: 'creates a namespace below one that does not exist',
    lakegate: '404 `NoSuchNamespaceException`',
    reason: 'A namespace is a place within its parent: grants and listings go down the tree.',
    covers: (_divergence, { request, reference, other }) =>
      request.name === 'createNamespace' &&
      reference.status === 200 &&
      other.type === 'NoSuchNamespaceException',
  },
  {
    id: 'rename of what is missing to its own name',
    reference: '204',
    lakegate: '404',
    reason: 'It does not exist.',
    sameState: true,
    covers: (_divergence, { request, reference, other }) =>
      request.name.startsWith('rename') && reference.status === 204 && other.status === 404,
  },
  {
    id: 'half a transaction',
    reference: 'may keep the changes of some tables of a transaction that it refused',
    lakegate: 'keeps none',
    reason: 'A transaction is atomic (REST specification, "commitTransaction").',
    covers: (_divergence, { request, reference, other }) =>
      request.name === 'loadTable after a refused transaction' && fileNumber(reference) > fileNumber(other),
  },
  {
    id: 'one table twice in a transaction',
    reference: 'takes both changes, the second on the old base',
    lakegate: '400 `BadRequestException`',
    reason: 'The changes of a transaction are made at once; two on one table would have an order.',
    covers: (_divergence, { reference, other }) =>
      reference.status < 300 && /is changed twice$/.test(other.message ?? ''),
  },
  {
    id: 'metrics of a missing table',
    reference: '204',
    lakegate: '404 `NoSuchTableException`',
    reason: 'The specification.',
    sameState: true,
    covers: (_divergence, { request, other }) =>
      request.name.startsWith('reportMetrics') && other.type === 'NoSuchTableException',
  },
  {
    id: 'metrics of an unknown form',
    reference: '500',
    lakegate: '204',
    reason: 'A report is kept as it is; new forms of reports need no new gateway.',
    sameState: true,
    covers: (_divergence, { request, reference, other }) =>
      request.name.startsWith('reportMetrics') && reference.status === 500 && other.status === 204,
  },
  {
    id: 'register with overwrite',
    reference: '406 `UnsupportedOperationException`',
    lakegate: 'registers, or replaces the table of that name',
    reason: 'The specification has it; the catalog of the reference has not.',
    covers: (_divergence, { request, reference }) =>
      request.name.startsWith('registerTable') && reference.type === 'UnsupportedOperationException',
  },
  {
    id: 'reserved properties in a commit',
    reference: 'stores properties such as `format-version` like any other',
    lakegate: 'leaves them out, as both do in a create',
    reason: 'They are no properties: the metadata says the same elsewhere.',
    covers: ({ where }, { request }) =>
      reservedProperty.test(where.replace('.metadata.properties.', '')) ||
      (/^\.metadata(\.metadata-log|-location$)/.test(where) && mentions(request, setsReserved)),
  },
  {
    id: 'added again after its removal',
    reference: 'loses a schema or spec that one commit removes and adds again',
    lakegate: 'adds it',
    reason: 'A fault of the reference: it takes the removed one for present.',
    covers: ({ where, reference, other: ours }, { request }) =>
      /^\.metadata\.(schemas|partition-specs)$/.test(where) &&
      Array.isArray(reference) &&
      Array.isArray(ours) &&
      ours.length > reference.length &&
      mentions(request, ({ action }) => action === 'remove-schemas' || action === 'remove-partition-specs'),
  },
  {
    id: 'location of another table',
    reference: 'lets two tables or views lie in one place',
    lakegate: '400 `BadRequestException`',
    reason: 'Credentials for a location would reach the other table as well.',
    covers: (_divergence, { other }) =>
      other.message?.endsWith('at, above or below the location of another table or view') === true,
  },
  {
    id: 'null for no properties',
    reference: '500 on a new view whose `properties` are null',
    lakegate: 'takes it',
    reason: 'Nothing is meant by it that could be wrong.',
    covers: (_divergence, { request, reference, other }) =>
      request.name.startsWith('createView') &&
      reference.status === 500 &&
      other.status === 200 &&
      mentions(request, ({ properties }) => properties === null),
  },
  {
    id: 'row ids behind a gap',
    reference: '`next-row-id` grows by `added-rows`, also where `first-row-id` had left a gap',
    lakegate: 'goes on behind the rows of the snapshot',
    reason: 'Row ids are given once (format specification, "Row Lineage").',
    covers: ({ where, reference, other: ours }) =>
      where === '.metadata.next-row-id' && Number(ours) > Number(reference),
  },
  {
    id: 'promotion of a partitioned date',
    reference: '400: the transform was made for the old type',
    lakegate: 'takes it',
    reason: 'The format specification allows the promotion, and the transform exists for the new type.',
    covers: (_divergence, { reference, other }) =>
      other.status < 300 && /^Invalid source type timestamp\w* for transform/.test(reference.message ?? ''),
  },
  {
    id: 'no updates',
    reference: 'takes a commit whose `updates` are missing or null',
    lakegate: '400 `BadRequestException`',
    reason: 'The specification requires them.',
    sameState: true,
    covers: (_divergence, { other }) => /(missing array|an array): .*updates/.test(other.message ?? ''),
  },
  {
    id: 'snapshots=refs of some tables',
    reference: '400 `Cannot set metadata location with changes to table metadata`',
    lakegate: '200',
    reason: 'A fault of the reference.',
    sameState: true,
    covers: (_divergence, { request, reference }) =>
      request.method === 'GET' && reference.message?.startsWith('Cannot set metadata location') === true,
  },
  {
    id: 'metadata that cannot be read',
    reference: 'stores a negative sequence number, or a table without a location; then it never answers',
    lakegate: '400 `IllegalArgumentException`',
    reason: 'A fault of the reference: it cannot read what it wrote.',
    leavesApart: true,
    covers: (_divergence, exchange) =>
      (exchange.reference.status === noAnswer && refusedByUs(exchange)) ||
      exchange.other.message?.startsWith('Invalid sequence number: -') === true,
  },
  {
    id: 'numbers for strings',
    reference: 'takes a number where a string belongs, in lists of names',
    lakegate: '400 `BadRequestException`',
    reason: 'The specification.',
    covers: (_divergence, { reference, other }) =>
      reference.status < 300 && other.message?.startsWith('Cannot parse to a string: ') === true,
  },
  {
    id: 'location of a namespace',
    reference: 'adds a folder by its name to the properties of every namespace, also where it creates one',
    lakegate: 'adds a folder by its id when it is loaded; a create answers with what was sent',
    reason:
      'Clients need it to choose a place for a table; a folder by id leaves no trap for the next of the name.',
    sameState: true,
    covers: ({ where, other }) =>
      where === '.properties.location' && (other === undefined || other === '<root>/<uuid>'),
  },
  {
    id: 'summary of a created view',
    reference: 'replaces the summary by its own version',
    lakegate: 'keeps the summary that the client sent',
    reason: 'The specification gives the summary to the client, who names the engine there.',
    sameState: true,
    covers: ({ where }) => /^\.metadata\.versions\[\d+\]\.summary\.(iceberg-version|made)$/.test(where),
  },
]
