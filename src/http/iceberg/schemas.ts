/** The wire forms of the Iceberg face (specification: components/schemas). Unknown members are relayed, so none is refused. */
import { Type } from 'typebox'

const text = Type.String()
const texts = Type.Array(text)
const object = Type.Object({})
const properties = Type.Record(text, text)
const namespace = Type.Array(text, { title: 'Namespace' })
const identifier = Type.Object({ namespace, name: text }, { title: 'TableIdentifier' })
const flag = Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')]))
const nextPage = { 'next-page-token': Type.Optional(Type.Union([text, Type.Null()])) }

export const pageQuery = {
  pageToken: Type.Optional(text),
  pageSize: Type.Optional(Type.Integer({ minimum: 1 })),
  /** As Lakekeeper's clients ask for the ids of what is listed. */
  returnUuids: Type.Optional(Type.Boolean()),
}
export const parentQuery = { parent: Type.Optional(text), ...pageQuery }
export const configQuery = { warehouse: Type.Optional(text) }
export const loadQuery = {
  snapshots: Type.Optional(Type.Union([Type.Literal('all'), Type.Literal('refs')])),
  'referenced-by': Type.Optional(text),
}
export const dropQuery = { purgeRequested: flag }

export const configForm = Type.Object(
  {
    defaults: properties,
    overrides: properties,
    endpoints: Type.Optional(texts),
    'idempotency-key-lifetime': Type.Optional(text),
  },
  { title: 'CatalogConfig' },
)

/** One an item, in order, where they were asked for. */
const ids = Type.Optional(Type.Array(Type.String({ format: 'uuid' })))

export const namespacesForm = Type.Object(
  { namespaces: Type.Array(namespace), 'namespace-uuids': ids, ...nextPage },
  { title: 'ListNamespacesResponse' },
)
export const identifiersForm = Type.Object(
  { identifiers: Type.Array(identifier), 'table-uuids': ids, ...nextPage },
  { title: 'ListTablesResponse' },
)
export const createNamespaceForm = Type.Object(
  { namespace, properties: Type.Optional(properties) },
  { title: 'CreateNamespaceRequest' },
)
export const namespaceForm = Type.Object(
  { namespace, properties: Type.Optional(Type.Union([properties, Type.Null()])) },
  { title: 'GetNamespaceResponse' },
)
export const updatePropertiesForm = Type.Object(
  { removals: Type.Optional(texts), updates: Type.Optional(properties) },
  { title: 'UpdateNamespacePropertiesRequest' },
)
export const updatedPropertiesForm = Type.Object(
  { updated: texts, removed: texts, missing: Type.Optional(Type.Union([texts, Type.Null()])) },
  { title: 'UpdateNamespacePropertiesResponse' },
)

const schema = Type.Object(
  { type: Type.Literal('struct'), fields: Type.Array(object) },
  { title: 'Schema', description: 'Specification: Schema' },
)
const tableMetadata = Type.Object(
  { 'format-version': Type.Integer({ minimum: 1 }), 'table-uuid': text },
  { title: 'TableMetadata' },
)
const viewMetadata = Type.Object(
  { 'format-version': Type.Integer({ minimum: 1 }), 'view-uuid': text },
  { title: 'ViewMetadata' },
)
const config = Type.Optional(properties)

export const tableForm = Type.Object(
  { 'metadata-location': Type.Optional(text), metadata: tableMetadata, config },
  { title: 'LoadTableResult' },
)
export const viewForm = Type.Object(
  { 'metadata-location': text, metadata: viewMetadata, config },
  { title: 'LoadViewResult' },
)
export const createTableForm = Type.Object(
  {
    name: text,
    schema,
    location: Type.Optional(text),
    'partition-spec': Type.Optional(object),
    'write-order': Type.Optional(object),
    'stage-create': Type.Optional(Type.Boolean()),
    properties: Type.Optional(properties),
  },
  { title: 'CreateTableRequest' },
)
export const createViewForm = Type.Object(
  {
    name: text,
    schema,
    location: Type.Optional(text),
    'view-version': object,
    properties: Type.Optional(properties),
  },
  { title: 'CreateViewRequest' },
)
export const registerForm = Type.Object(
  { name: text, 'metadata-location': text },
  { title: 'RegisterTableRequest' },
)
/** Absent: none. */
const requirements = Type.Optional(Type.Array(Type.Object({ type: text }, { title: 'Requirement' })))
const updates = Type.Array(Type.Object({ action: text }, { title: 'MetadataUpdate' }))
export const commitForm = Type.Object(
  { identifier: Type.Optional(identifier), requirements, updates },
  { title: 'CommitTableRequest' },
)
export const commitViewForm = Type.Object(
  { identifier: Type.Optional(identifier), requirements, updates },
  { title: 'CommitViewRequest' },
)
export const transactionForm = Type.Object(
  {
    'table-changes': Type.Array(Type.Object({ identifier, requirements, updates }, { title: 'TableChange' })),
  },
  { title: 'CommitTransactionRequest' },
)
export const metricsForm = Type.Object(
  { 'report-type': Type.Optional(text) },
  { title: 'ReportMetricsRequest' },
)
export const renameForm = Type.Object(
  { source: identifier, destination: identifier },
  { title: 'RenameTableRequest' },
)
