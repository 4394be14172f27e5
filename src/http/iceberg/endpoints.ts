/** The Iceberg REST face: every line that `GET /v1/config` may advertise, and the operation behind it. */
import type { IcebergOperations } from '#gateway/operations/iceberg.ts'
import { jsonAnswer, noContent } from '../answer.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { answerChanged, answerConfig, answerIdentifiers, answerLoad, answerNamespaces } from './answer.ts'
import {
  readAtNamespace,
  readAtRelation,
  readCommit,
  readConfig,
  readCreateNamespace,
  readDrop,
  readInNamespace,
  readListNamespaces,
  readListRelations,
  readLoad,
  readRename,
  readTransaction,
} from './read.ts'

const answerNothing = () => noContent
const answerPlain = (output: object) => jsonAnswer({ ...output })

const namespaces = '/v1/{prefix}/namespaces'
const namespace = `${namespaces}/{namespace}` as const

const namespaceEndpoints = (operations: IcebergOperations): readonly Endpoint[] => [
  endpoint(`GET ${namespaces}`, operations.listNamespaces, {
    read: readListNamespaces,
    answer: answerNamespaces,
  }),
  endpoint(`POST ${namespaces}`, operations.createNamespace, {
    read: readCreateNamespace,
    answer: answerPlain,
  }),
  endpoint(`GET ${namespace}`, operations.loadNamespaceMetadata, {
    read: readAtNamespace,
    answer: answerPlain,
  }),
  endpoint(`HEAD ${namespace}`, operations.namespaceExists, { read: readAtNamespace, answer: answerNothing }),
  endpoint(`DELETE ${namespace}`, operations.dropNamespace, { read: readAtNamespace, answer: answerNothing }),
  endpoint(`POST ${namespace}/properties`, operations.updateProperties, {
    read: readInNamespace,
    answer: answerPlain,
  }),
]

const tableEndpoints = (operations: IcebergOperations): readonly Endpoint[] => {
  const tables = `${namespace}/tables` as const
  const table = `${tables}/{table}` as const
  return [
    endpoint(`GET ${tables}`, operations.listTables, { read: readListRelations, answer: answerIdentifiers }),
    endpoint(`POST ${tables}`, operations.createTable, { read: readInNamespace, answer: answerChanged }),
    endpoint(`GET ${table}`, operations.loadTable, { read: readLoad, answer: answerLoad }),
    endpoint(`HEAD ${table}`, operations.tableExists, { read: readAtRelation, answer: answerNothing }),
    endpoint(`POST ${table}`, operations.updateTable, { read: readCommit, answer: answerChanged }),
    endpoint(`DELETE ${table}`, operations.dropTable, { read: readDrop, answer: answerNothing }),
    endpoint(`POST ${table}/unregister`, operations.unregisterTable, {
      read: readAtRelation,
      answer: answerChanged,
    }),
    endpoint(`POST ${table}/metrics`, operations.reportMetrics, { read: readCommit, answer: answerNothing }),
    endpoint(`POST ${namespace}/register`, operations.registerTable, {
      read: readInNamespace,
      answer: answerChanged,
    }),
    endpoint('POST /v1/{prefix}/tables/rename', operations.renameTable, {
      read: readRename,
      answer: answerNothing,
    }),
    endpoint('POST /v1/{prefix}/transactions/commit', operations.commitTransaction, {
      read: readTransaction,
      answer: answerNothing,
    }),
  ]
}

const viewEndpoints = (operations: IcebergOperations): readonly Endpoint[] => {
  const views = `${namespace}/views` as const
  const view = `${views}/{view}` as const
  return [
    endpoint(`GET ${views}`, operations.listViews, { read: readListRelations, answer: answerIdentifiers }),
    endpoint(`POST ${views}`, operations.createView, { read: readInNamespace, answer: answerChanged }),
    endpoint(`GET ${view}`, operations.loadView, { read: readLoad, answer: answerLoad }),
    endpoint(`HEAD ${view}`, operations.viewExists, { read: readAtRelation, answer: answerNothing }),
    endpoint(`POST ${view}`, operations.replaceView, { read: readCommit, answer: answerChanged }),
    endpoint(`DELETE ${view}`, operations.dropView, { read: readDrop, answer: answerNothing }),
    endpoint(`POST ${namespace}/register-view`, operations.registerView, {
      read: readInNamespace,
      answer: answerChanged,
    }),
    endpoint('POST /v1/{prefix}/views/rename', operations.renameView, {
      read: readRename,
      answer: answerNothing,
    }),
  ]
}

export const icebergEndpoints = (operations: IcebergOperations): readonly Endpoint[] => {
  const served = [
    ...namespaceEndpoints(operations),
    ...tableEndpoints(operations),
    ...viewEndpoints(operations),
  ]
  const lineOf = ({ operation, method, template }: Endpoint) => [operation, `${method} ${template}`] as const
  const lines = [['getConfig', 'GET /v1/config'] as const, ...served.map(lineOf)]
  const config = endpoint('GET /v1/config', operations.getConfig, {
    read: readConfig,
    answer: (output) => answerConfig(output, lines),
  })
  return [config, ...served]
}
