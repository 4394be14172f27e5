/** The management face: every line, and the operation behind it. */
import {
  connectionConfigSchema,
  createConnectionSchema,
  renameConnectionSchema,
} from '#gateway/operations/management/connections.ts'
import type { ManagementOperations } from '#gateway/operations/management/management.ts'
import { createMountSchema } from '#gateway/operations/management/mounts.ts'
import {
  createWarehouseSchema,
  protectionSchema,
  renameWarehouseSchema,
  warehouseSettingsSchema,
  warehouseStorageSchema,
} from '#gateway/operations/management/warehouses.ts'
import { noContent } from '../answer.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import {
  answerConnection,
  answerConnections,
  answerCreatedConnection,
  answerCreatedMount,
  answerCreatedWarehouse,
  answerMount,
  answerMounts,
  answerProtection,
  answerWarehouse,
  answerWarehouses,
} from './answer.ts'
import { auditEndpoints } from './audit.ts'
import { peopleEndpoints } from './people.ts'
import { projectMemberEndpoints } from './project-members.ts'
import { projectEndpoints } from './projects.ts'
import {
  listWarehousesQuery,
  readBody,
  readId,
  readIdAndBody,
  readListWarehouses,
  readMountId,
  readNewName,
  readPage,
  readProtection,
} from './read.ts'
import { roleEndpoints } from './roles.ts'
import {
  connectionForm,
  connectionsForm,
  mountForm,
  mountsForm,
  pageQuery,
  protectionForm,
  warehouseForm,
  warehousesForm,
} from './schemas.ts'
import { warehouseProfileEndpoints } from './warehouse-profiles.ts'

const answerNothing = () => noContent

const warehouses = '/v1/warehouse'
const warehouse = `${warehouses}/{id}`

const warehouseEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint(`GET ${warehouses}`, operations.listWarehouses, {
    declares: {
      summary: 'The warehouses of the project',
      query: listWarehousesQuery,
      answers: { 200: warehousesForm },
    },
    read: readListWarehouses,
    answer: answerWarehouses,
  }),
  endpoint(`POST ${warehouses}`, operations.createWarehouse, {
    declares: {
      summary: 'Makes a warehouse',
      body: createWarehouseSchema,
      versioned: true,
      answers: { 201: warehouseForm },
    },
    read: readBody,
    answer: answerCreatedWarehouse,
  }),
  endpoint(`GET ${warehouse}`, operations.getWarehouse, {
    declares: { summary: 'One warehouse', versioned: true, answers: { 200: warehouseForm } },
    read: readId,
    answer: answerWarehouse,
  }),
  endpoint(`DELETE ${warehouse}`, operations.deleteWarehouse, {
    declares: { summary: 'Deletes an empty warehouse', versioned: true, answers: { 204: null } },
    read: readId,
    answer: answerNothing,
  }),
]

const warehouseChangeEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint(`POST ${warehouse}/rename`, operations.renameWarehouse, {
    declares: {
      summary: 'Renames a warehouse; its id, prefix and content stay',
      body: renameWarehouseSchema,
      versioned: true,
      answers: { 200: warehouseForm },
    },
    read: readNewName,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/storage`, operations.updateWarehouseStorage, {
    declares: {
      summary: 'Sets storage profile and credential anew; the location stays',
      body: warehouseStorageSchema,
      versioned: true,
      answers: { 200: warehouseForm },
    },
    read: readIdAndBody,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/settings`, operations.updateWarehouseSettings, {
    declares: {
      summary: 'Changes settings; what is left out stays',
      body: warehouseSettingsSchema,
      versioned: true,
      answers: { 200: warehouseForm },
    },
    read: readIdAndBody,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/protection`, operations.setWarehouseProtection, {
    declares: {
      summary: 'Protects a warehouse from deletion, or no longer',
      body: protectionSchema,
      answers: { 200: protectionForm },
    },
    read: readProtection,
    answer: answerProtection,
  }),
  endpoint(`POST ${warehouse}/activate`, operations.activateWarehouse, {
    declares: { summary: 'Serves the warehouse again', versioned: true, answers: { 200: warehouseForm } },
    read: readId,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/deactivate`, operations.deactivateWarehouse, {
    declares: {
      summary: 'Keeps the warehouse, and does not serve it',
      versioned: true,
      answers: { 200: warehouseForm },
    },
    read: readId,
    answer: answerWarehouse,
  }),
]

const connections = '/v1/connection'
const connection = `${connections}/{id}`

const connectionEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint(`GET ${connections}`, operations.listConnections, {
    declares: {
      summary: 'The connections of the project',
      query: pageQuery,
      answers: { 200: connectionsForm },
    },
    read: readPage,
    answer: answerConnections,
  }),
  endpoint(`POST ${connections}`, operations.createConnection, {
    declares: {
      summary: 'Makes a connection to an upstream',
      body: createConnectionSchema,
      versioned: true,
      answers: { 201: connectionForm },
    },
    read: readBody,
    answer: answerCreatedConnection,
  }),
  endpoint(`GET ${connection}`, operations.getConnection, {
    declares: { summary: 'One connection', versioned: true, answers: { 200: connectionForm } },
    read: readId,
    answer: answerConnection,
  }),
  endpoint(`DELETE ${connection}`, operations.deleteConnection, {
    declares: { summary: 'Deletes a connection that no mount uses', versioned: true, answers: { 204: null } },
    read: readId,
    answer: answerNothing,
  }),
  endpoint(`POST ${connection}/rename`, operations.renameConnection, {
    declares: {
      summary: 'Renames a connection',
      body: renameConnectionSchema,
      versioned: true,
      answers: { 200: connectionForm },
    },
    read: readNewName,
    answer: answerConnection,
  }),
  endpoint(`POST ${connection}/config`, operations.updateConnectionConfig, {
    declares: {
      summary: 'Sets the configuration of a connection anew',
      body: connectionConfigSchema,
      versioned: true,
      answers: { 200: connectionForm },
    },
    read: readIdAndBody,
    answer: answerConnection,
  }),
]

const mounts = `${warehouse}/mount`
const mount = `${mounts}/{mount}`

const mountEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint(`GET ${mounts}`, operations.listMounts, {
    declares: {
      summary: 'The mounts of a warehouse, in the order of listings',
      answers: { 200: mountsForm },
    },
    read: readId,
    answer: answerMounts,
  }),
  endpoint(`POST ${mounts}`, operations.createMount, {
    declares: {
      summary: 'Mounts an upstream at a namespace of a warehouse',
      body: createMountSchema,
      answers: { 201: mountForm },
    },
    read: readIdAndBody,
    answer: answerCreatedMount,
  }),
  endpoint(`GET ${mount}`, operations.getMount, {
    declares: { summary: 'One mount', answers: { 200: mountForm } },
    read: readMountId,
    answer: answerMount,
  }),
  endpoint(`DELETE ${mount}`, operations.deleteMount, {
    declares: { summary: 'No longer shows what is mounted; deletes nothing there', answers: { 204: null } },
    read: readMountId,
    answer: answerNothing,
  }),
]

export const managementEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  ...projectEndpoints(operations),
  ...projectMemberEndpoints(operations),
  ...warehouseEndpoints(operations),
  ...warehouseChangeEndpoints(operations),
  ...warehouseProfileEndpoints(operations),
  ...connectionEndpoints(operations),
  ...mountEndpoints(operations),
  ...peopleEndpoints(operations),
  ...roleEndpoints(operations),
  ...auditEndpoints(operations),
]
