/** The Iceberg REST face: every line that `GET /v1/config` may advertise, and the operation behind it. */
import type { IcebergOperations } from '#gateway/operations/iceberg.ts'
import { jsonAnswer, noContent } from '../answer.ts'
import { type Endpoint, rawEndpoint } from '../endpoint.ts'
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
import {
  commitForm,
  commitViewForm,
  configForm,
  configQuery,
  createNamespaceForm,
  createTableForm,
  createViewForm,
  dropQuery,
  identifiersForm,
  loadQuery,
  metricsForm,
  namespaceForm,
  namespacesForm,
  pageQuery,
  parentQuery,
  registerForm,
  renameForm,
  tableForm,
  transactionForm,
  updatedPropertiesForm,
  updatePropertiesForm,
  viewForm,
} from './schemas.ts'

/**
 * Bytes of a body that only names things and sets properties: what follows its parsing is work on the event loop.
 * Tables, views and transactions may carry whole histories.
 */
const fewBytes = 1024 * 1024
/** Of a metrics report: it may name every column that was read. */
const reportBytes = 4 * 1024 * 1024

const answerNothing = () => noContent
const answerPlain = (output: object) => jsonAnswer({ ...output })

const namespaces = '/v1/{prefix}/namespaces'
const namespace = `${namespaces}/{namespace}` as const

const namespaceEndpoints = (operations: IcebergOperations): readonly Endpoint[] => [
  rawEndpoint(`GET ${namespaces}`, operations.listNamespaces, {
    declares: { summary: 'The namespaces below one', query: parentQuery, answers: { 200: namespacesForm } },
    read: readListNamespaces,
    answer: answerNamespaces,
  }),
  rawEndpoint(`POST ${namespaces}`, operations.createNamespace, {
    mostBytes: fewBytes,
    declares: { summary: 'Makes a namespace', body: createNamespaceForm, answers: { 200: namespaceForm } },
    read: readCreateNamespace,
    answer: answerPlain,
  }),
  rawEndpoint(`GET ${namespace}`, operations.loadNamespaceMetadata, {
    declares: { summary: 'A namespace and its properties', answers: { 200: namespaceForm } },
    read: readAtNamespace,
    answer: answerPlain,
  }),
  rawEndpoint(`HEAD ${namespace}`, operations.namespaceExists, {
    declares: { summary: 'Whether a namespace is there', answers: { 204: null } },
    read: readAtNamespace,
    answer: answerNothing,
  }),
  rawEndpoint(`DELETE ${namespace}`, operations.dropNamespace, {
    declares: { summary: 'Drops an empty namespace', answers: { 204: null } },
    read: readAtNamespace,
    answer: answerNothing,
  }),
  rawEndpoint(`POST ${namespace}/properties`, operations.updateProperties, {
    mostBytes: fewBytes,
    declares: {
      summary: 'Sets and removes properties of a namespace',
      body: updatePropertiesForm,
      answers: { 200: updatedPropertiesForm },
    },
    read: readInNamespace,
    answer: answerPlain,
  }),
]

const tables = `${namespace}/tables` as const
const table = `${tables}/{table}` as const

const tableEndpoints = (operations: IcebergOperations): readonly Endpoint[] => [
  rawEndpoint(`GET ${tables}`, operations.listTables, {
    declares: { summary: 'The tables of a namespace', query: pageQuery, answers: { 200: identifiersForm } },
    read: readListRelations,
    answer: answerIdentifiers,
  }),
  rawEndpoint(`POST ${tables}`, operations.createTable, {
    declares: {
      summary: 'Makes a table, or prepares one',
      body: createTableForm,
      answers: { 200: tableForm },
    },
    read: readInNamespace,
    answer: answerChanged,
  }),
  rawEndpoint(`GET ${table}`, operations.loadTable, {
    declares: { summary: 'Loads a table', query: loadQuery, answers: { 200: tableForm, 304: null } },
    read: readLoad,
    answer: answerLoad,
  }),
  rawEndpoint(`HEAD ${table}`, operations.tableExists, {
    declares: { summary: 'Whether a table is there', answers: { 204: null } },
    read: readAtRelation,
    answer: answerNothing,
  }),
  rawEndpoint(`POST ${table}`, operations.updateTable, {
    declares: { summary: 'Commits a change of a table', body: commitForm, answers: { 200: tableForm } },
    read: readCommit,
    answer: answerChanged,
  }),
  rawEndpoint(`DELETE ${table}`, operations.dropTable, {
    declares: { summary: 'Drops a table', query: dropQuery, answers: { 204: null } },
    read: readDrop,
    answer: answerNothing,
  }),
]

const otherTableEndpoints = (operations: IcebergOperations): readonly Endpoint[] => [
  rawEndpoint(`POST ${table}/unregister`, operations.unregisterTable, {
    declares: { summary: 'Takes a table out of the catalog; its files stay', answers: { 200: tableForm } },
    read: readAtRelation,
    answer: answerChanged,
  }),
  rawEndpoint(`POST ${table}/metrics`, operations.reportMetrics, {
    mostBytes: reportBytes,
    declares: { summary: 'Takes a report of a scan or commit', body: metricsForm, answers: { 204: null } },
    read: readCommit,
    answer: answerNothing,
  }),
  rawEndpoint(`POST ${namespace}/register`, operations.registerTable, {
    mostBytes: fewBytes,
    declares: {
      summary: 'Makes a table of a metadata file',
      body: registerForm,
      answers: { 200: tableForm },
    },
    read: readInNamespace,
    answer: answerChanged,
  }),
  rawEndpoint('POST /v1/{prefix}/tables/rename', operations.renameTable, {
    mostBytes: fewBytes,
    declares: { summary: 'Renames a table', body: renameForm, answers: { 204: null } },
    read: readRename,
    answer: answerNothing,
  }),
  rawEndpoint('POST /v1/{prefix}/transactions/commit', operations.commitTransaction, {
    declares: {
      summary: 'Commits changes of several tables at once',
      body: transactionForm,
      answers: { 204: null },
    },
    read: readTransaction,
    answer: answerNothing,
  }),
]

const viewEndpoints = (operations: IcebergOperations): readonly Endpoint[] => {
  const views = `${namespace}/views` as const
  const view = `${views}/{view}` as const
  return [
    rawEndpoint(`GET ${views}`, operations.listViews, {
      declares: { summary: 'The views of a namespace', query: pageQuery, answers: { 200: identifiersForm } },
      read: readListRelations,
      answer: answerIdentifiers,
    }),
    rawEndpoint(`POST ${views}`, operations.createView, {
      declares: { summary: 'Makes a view', body: createViewForm, answers: { 200: viewForm } },
      read: readInNamespace,
      answer: answerChanged,
    }),
    rawEndpoint(`GET ${view}`, operations.loadView, {
      declares: { summary: 'Loads a view', query: loadQuery, answers: { 200: viewForm, 304: null } },
      read: readLoad,
      answer: answerLoad,
    }),
    rawEndpoint(`HEAD ${view}`, operations.viewExists, {
      declares: { summary: 'Whether a view is there', answers: { 204: null } },
      read: readAtRelation,
      answer: answerNothing,
    }),
    rawEndpoint(`POST ${view}`, operations.replaceView, {
      declares: { summary: 'Commits a change of a view', body: commitViewForm, answers: { 200: viewForm } },
      read: readCommit,
      answer: answerChanged,
    }),
    rawEndpoint(`DELETE ${view}`, operations.dropView, {
      declares: { summary: 'Drops a view', query: dropQuery, answers: { 204: null } },
      read: readDrop,
      answer: answerNothing,
    }),
    rawEndpoint(`POST ${namespace}/register-view`, operations.registerView, {
      mostBytes: fewBytes,
      declares: {
        summary: 'Makes a view of a metadata file',
        body: registerForm,
        answers: { 200: viewForm },
      },
      read: readInNamespace,
      answer: answerChanged,
    }),
    rawEndpoint('POST /v1/{prefix}/views/rename', operations.renameView, {
      mostBytes: fewBytes,
      declares: { summary: 'Renames a view', body: renameForm, answers: { 204: null } },
      read: readRename,
      answer: answerNothing,
    }),
  ]
}

export const icebergEndpoints = (operations: IcebergOperations): readonly Endpoint[] => {
  const served = [
    ...namespaceEndpoints(operations),
    ...tableEndpoints(operations),
    ...otherTableEndpoints(operations),
    ...viewEndpoints(operations),
  ]
  const lineOf = ({ operation, method, template }: Endpoint) => [operation, `${method} ${template}`] as const
  const lines = [['getConfig', 'GET /v1/config'] as const, ...served.map(lineOf)]
  const config = rawEndpoint('GET /v1/config', operations.getConfig, {
    declares: {
      summary: 'What the catalog serves, and under which prefix',
      query: configQuery,
      answers: { 200: configForm },
    },
    read: readConfig,
    answer: (output) => answerConfig(output, lines),
  })
  return [config, ...served]
}
