/** The Iceberg face against the specification: each operation id has its route, and each route its operation. */
import { describe, expect, test } from 'vitest'
import { createIcebergOperations } from '#gateway/operations/iceberg.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import { icebergEndpoints } from '#http/iceberg/endpoints.ts'
import { createRouter } from '#http/router.ts'
import { samples } from '../support/iceberg-requests.ts'

/** The specification's paths (open-api/rest-catalog-open-api.yaml), by operation id. */
const specification: Readonly<Record<string, string>> = {
  getConfig: 'GET /v1/config',
  getToken: 'POST /v1/oauth/tokens',
  listNamespaces: 'GET /v1/{prefix}/namespaces',
  createNamespace: 'POST /v1/{prefix}/namespaces',
  loadNamespaceMetadata: 'GET /v1/{prefix}/namespaces/{namespace}',
  namespaceExists: 'HEAD /v1/{prefix}/namespaces/{namespace}',
  dropNamespace: 'DELETE /v1/{prefix}/namespaces/{namespace}',
  updateProperties: 'POST /v1/{prefix}/namespaces/{namespace}/properties',
  listTables: 'GET /v1/{prefix}/namespaces/{namespace}/tables',
  createTable: 'POST /v1/{prefix}/namespaces/{namespace}/tables',
  listFunctions: 'GET /v1/{prefix}/namespaces/{namespace}/functions',
  loadFunction: 'GET /v1/{prefix}/namespaces/{namespace}/functions/{function}',
  planTableScan: 'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/plan',
  fetchPlanningResult: 'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/plan/{plan-id}',
  cancelPlanning: 'DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}/plan/{plan-id}',
  fetchScanTasks: 'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/tasks',
  registerTable: 'POST /v1/{prefix}/namespaces/{namespace}/register',
  loadTable: 'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  tableExists: 'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  updateTable: 'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  dropTable: 'DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  unregisterTable: 'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/unregister',
  loadCredentials: 'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials',
  signRequest: 'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/sign',
  reportMetrics: 'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics',
  renameTable: 'POST /v1/{prefix}/tables/rename',
  commitTransaction: 'POST /v1/{prefix}/transactions/commit',
  listViews: 'GET /v1/{prefix}/namespaces/{namespace}/views',
  createView: 'POST /v1/{prefix}/namespaces/{namespace}/views',
  loadView: 'GET /v1/{prefix}/namespaces/{namespace}/views/{view}',
  viewExists: 'HEAD /v1/{prefix}/namespaces/{namespace}/views/{view}',
  replaceView: 'POST /v1/{prefix}/namespaces/{namespace}/views/{view}',
  dropView: 'DELETE /v1/{prefix}/namespaces/{namespace}/views/{view}',
  renameView: 'POST /v1/{prefix}/views/rename',
  registerView: 'POST /v1/{prefix}/namespaces/{namespace}/register-view',
}

/** Not served: nothing is vended or signed, no scan is planned, no function and no token issued. */
const unserved = [
  'getToken',
  'listFunctions',
  'loadFunction',
  'planTableScan',
  'fetchPlanningResult',
  'cancelPlanning',
  'fetchScanTasks',
  'loadCredentials',
  'signRequest',
]

const nowhere = {
  byName: () => undefined,
  byPrefix: () => undefined,
  byDefault: () => undefined,
}
const operations = createIcebergOperations({
  warehouses: nowhere,
  listing: { tokens: createPageTokens(Buffer.alloc(32)), strict: false },
})
const endpoints = icebergEndpoints(operations)
const served = Object.entries(specification).filter(([id]) => !unserved.includes(id))

describe('the Iceberg face', () => {
  test.each(served)('serves %s at the path of the specification', (id, line) => {
    const found = endpoints.filter((one) => one.operation === id)
    expect(found.map(({ method, template }) => `${method} ${template}`)).toEqual([line])
  })

  test('has no route besides', () => {
    expect(endpoints.map((one) => one.operation).sort()).toEqual(served.map(([id]) => id).sort())
  })

  test.each(Object.entries(operations))('%s is an operation under its own name', (key, operation) => {
    expect(operation.name).toBe(key)
    expect(endpoints.some((one) => one.operation === key)).toBe(true)
  })

  test('has a sample request for each operation, so that no test over all of them forgets one', () => {
    expect(Object.keys(samples).sort()).toEqual(served.map(([id]) => id).sort())
  })
})

describe('the router', () => {
  const router = createRouter([{ base: '/catalog', endpoints }])
  const pathOf = (template: string): readonly string[] =>
    `/catalog${template.replaceAll(/\{(\w+)\}/g, '$1')}`.split('/').slice(1)

  test.each(served)('finds %s with the prefix and without', (id, line) => {
    const [method = '', template = ''] = line.split(' ')
    for (const path of [template, template.replace('/{prefix}', '')])
      expect(router.find(method, pathOf(path))?.endpoint.operation).toBe(id)
  })

  test('refuses a second endpoint at one place when it is made', () => {
    expect(() => createRouter([{ base: '', endpoints: [...endpoints, ...endpoints] }])).toThrow(
      'two endpoints',
    )
  })
})
