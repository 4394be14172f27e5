/** Where Lakegate deliberately answers otherwise than Apache's reference server, and why. */
import type { Divergence } from './compare.ts'
import type { Exchange } from './run.ts'

export interface AcceptedDifference {
  readonly id: string
  readonly reference: string
  readonly lakegate: string
  readonly reason: string
  /** True where both catalogs hold the same content afterwards although not both refused. */
  readonly sameState?: true
  covers(divergence: Divergence, exchange: Exchange): boolean
}

const refusedByUs = ({ other }: Exchange): boolean => other.status >= 400 && other.status < 500

export const acceptedDifferences: readonly AcceptedDifference[] = [
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
    lakegate: '400 with a message',
    reason: 'As above: the request is wrong, and nothing has happened.',
    covers: (_divergence, exchange) =>
      exchange.reference.status === 500 && exchange.reference.type !== undefined && refusedByUs(exchange),
  },
  {
    id: 'name of a bad request',
    reference: '400 `IllegalArgumentException`',
    lakegate: '400 `BadRequestException`',
    reason: 'Members that are missing or of a wrong type: the type name of the specification.',
    covers: (_divergence, { reference, other }) =>
      reference.type === 'IllegalArgumentException' &&
      other.status === 400 &&
      other.type === 'BadRequestException' &&
      reference.status === 400,
  },
  {
    id: 'which fault is told first',
    reference: 'tells that the metadata is wrong',
    lakegate: '404 `NoSuchNamespaceException`',
    reason: 'Both are true. We look for the namespace before we build anything.',
    covers: (_divergence, { reference, other }) =>
      reference.status >= 400 && other.type === 'NoSuchNamespaceException',
  },
  {
    id: 'location of a namespace',
    reference: 'adds the default location to the properties of every namespace',
    lakegate: 'shows the stored properties only',
    reason: 'A location that nobody set is not a property.',
    sameState: true,
    covers: ({ where, other }) => where === '.properties.location' && other === undefined,
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
