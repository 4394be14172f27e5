/** The management face: every line, and the operation behind it. */
import type { ManagementOperations } from '#gateway/operations/management/management.ts'
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
  answerProject,
  answerProjects,
  answerProtection,
  answerServerInfo,
  answerWarehouse,
  answerWarehouses,
} from './answer.ts'
import {
  readConnectionConfig,
  readCreateConnection,
  readCreateMount,
  readCreateWarehouse,
  readId,
  readListWarehouses,
  readMountId,
  readNothing,
  readProtection,
  readRenameConnection,
  readRenameWarehouse,
  readWarehouseSettings,
  readWarehouseStorage,
} from './read.ts'

const answerNothing = () => noContent

const serverEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint('GET /v1/info', operations.getServerInfo, { read: readNothing, answer: answerServerInfo }),
  endpoint('POST /v1/bootstrap', operations.bootstrap, { read: readNothing, answer: answerNothing }),
  endpoint('GET /v1/project-list', operations.listProjects, { read: readNothing, answer: answerProjects }),
  endpoint('GET /v1/project', operations.getProject, { read: readNothing, answer: answerProject }),
]

const warehouses = '/v1/warehouse'
const warehouse = `${warehouses}/{id}`

const warehouseEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint(`GET ${warehouses}`, operations.listWarehouses, {
    read: readListWarehouses,
    answer: answerWarehouses,
  }),
  endpoint(`POST ${warehouses}`, operations.createWarehouse, {
    read: readCreateWarehouse,
    answer: answerCreatedWarehouse,
  }),
  endpoint(`GET ${warehouse}`, operations.getWarehouse, { read: readId, answer: answerWarehouse }),
  endpoint(`DELETE ${warehouse}`, operations.deleteWarehouse, { read: readId, answer: answerNothing }),
  endpoint(`POST ${warehouse}/rename`, operations.renameWarehouse, {
    read: readRenameWarehouse,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/storage`, operations.updateWarehouseStorage, {
    read: readWarehouseStorage,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/settings`, operations.updateWarehouseSettings, {
    read: readWarehouseSettings,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/protection`, operations.setWarehouseProtection, {
    read: readProtection,
    answer: answerProtection,
  }),
  endpoint(`POST ${warehouse}/activate`, operations.activateWarehouse, {
    read: readId,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/deactivate`, operations.deactivateWarehouse, {
    read: readId,
    answer: answerWarehouse,
  }),
]

const connections = '/v1/connection'
const connection = `${connections}/{id}`

const connectionEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint(`GET ${connections}`, operations.listConnections, {
    read: readNothing,
    answer: answerConnections,
  }),
  endpoint(`POST ${connections}`, operations.createConnection, {
    read: readCreateConnection,
    answer: answerCreatedConnection,
  }),
  endpoint(`GET ${connection}`, operations.getConnection, { read: readId, answer: answerConnection }),
  endpoint(`DELETE ${connection}`, operations.deleteConnection, { read: readId, answer: answerNothing }),
  endpoint(`POST ${connection}/rename`, operations.renameConnection, {
    read: readRenameConnection,
    answer: answerConnection,
  }),
  endpoint(`POST ${connection}/config`, operations.updateConnectionConfig, {
    read: readConnectionConfig,
    answer: answerConnection,
  }),
]

const mounts = `${warehouse}/mount`

const mountEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint(`GET ${mounts}`, operations.listMounts, { read: readId, answer: answerMounts }),
  endpoint(`POST ${mounts}`, operations.createMount, { read: readCreateMount, answer: answerCreatedMount }),
  endpoint(`GET ${mounts}/{mount}`, operations.getMount, { read: readMountId, answer: answerMount }),
  endpoint(`DELETE ${mounts}/{mount}`, operations.deleteMount, { read: readMountId, answer: answerNothing }),
]

export const managementEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  ...serverEndpoints(operations),
  ...warehouseEndpoints(operations),
  ...connectionEndpoints(operations),
  ...mountEndpoints(operations),
]
