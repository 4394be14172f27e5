/** What differs between tables and views: engine, words, and how a metadata file is compressed by default. */
import type { CallContext, Entry, Loaded } from '#catalog/catalog.ts'
import type { AsyncMetadataEngine } from '#iceberg/engine.ts'
import { nextMetadataLocation } from '#iceberg/files.ts'
import { CatalogError } from '#model/errors.ts'
import { type Identifier, sameNamespace } from '#model/identifier.ts'
import type { RelationState } from '#store/entries.ts'
import type { Facts, Local } from './deps.ts'
import { noSuchRelation, type RelationKind } from './refusals.ts'

export interface KindOf<F extends Facts> {
  readonly kind: RelationKind
  readonly engine: AsyncMetadataEngine<F>
  /** The specification's operation ids. */
  readonly ops: {
    readonly create: string
    readonly commit: string
    readonly drop: string
    readonly rename: string
    readonly register: string
  }
}

export const tableKind = (local: Local) =>
  ({
    kind: 'table',
    engine: local.tableEngine,
    ops: {
      create: 'createTable',
      commit: 'updateTable',
      drop: 'dropTable',
      rename: 'renameTable',
      register: 'registerTable',
    },
  }) as const

export const viewKind = (local: Local) =>
  ({
    kind: 'view',
    engine: local.viewEngine,
    ops: {
      create: 'createView',
      commit: 'replaceView',
      drop: 'dropView',
      rename: 'renameView',
      register: 'registerView',
    },
  }) as const

/** A new name at each call; views are compressed where nothing else is asked (as the reference has it). */
export const fileNamer =
  (local: Local, kind: RelationKind) =>
  (facts: Facts, previous: string | undefined): string =>
    nextMetadataLocation(
      { ...facts, defaultCodec: kind === 'view' ? 'gzip' : 'none' },
      previous ?? null,
      local.newUuid(),
    )

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** BadRequest for a uuid that is none: it is compared, and stored as one. */
export const checkUuid = (uuid: string): void => {
  if (!uuidForm.test(uuid)) throw new CatalogError('BadRequestException', 'Invalid uuid in the metadata')
}

/** The answer that shows a state whose bytes are at hand. */
export const loadedOf = (shown: {
  readonly metadataLocation?: string
  readonly metadata: readonly Uint8Array[]
  readonly uuid: string
  readonly location: string
}): Loaded => ({ ...shown, config: {}, version: shown.metadataLocation ?? 'staged' })

/** The object that authorize decided on, where resolve found one. */
export const entryOf = (context: CallContext, id: Identifier): Entry | undefined =>
  context.entries?.find(
    ({ identifier }) => identifier.name === id.name && sameNamespace(identifier.namespace, id.namespace),
  )

/** The state of a relation of this kind, and of the object that was authorized; NoSuchTable or NoSuchView otherwise. */
export const requireRelation = (
  context: CallContext,
  wanted: { readonly kind: RelationKind; readonly id: Identifier },
  state: RelationState | undefined,
): RelationState => {
  const other = context.entries !== undefined && entryOf(context, wanted.id)?.contentId !== state?.contentId
  if (state === undefined || state.kind !== wanted.kind || other) throw noSuchRelation(wanted.kind, wanted.id)
  return state
}
