/** The lines of the management face that set parts of a warehouse, or look whether a storage would do. */
import { Type } from 'typebox'
import type { ManagementOperations } from '#gateway/operations/management/management.ts'
import { newCredentialSchema } from '#gateway/operations/management/storage-wire.ts'
import {
  deleteProfileSchema,
  formatVersionsSchema,
} from '#gateway/operations/management/warehouse-policies.ts'
import type { StorageCheck } from '#gateway/operations/management/warehouse-validation.ts'
import { createWarehouseSchema, warehouseStorageSchema } from '#gateway/operations/management/warehouses.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { answerWarehouse } from './answer.ts'
import { readBody, readId, readIdAndBody } from './read.ts'
import { form, text, warehouseForm } from './schemas.ts'

const checkForm = form('StorageCheck', {
  name: text,
  status: Type.Union([Type.Literal('passed'), Type.Literal('failed'), Type.Literal('skipped')]),
  error: Type.Optional(form('CheckError', { message: text, type: text, code: Type.Integer() })),
  reason: Type.Optional(text),
})
const findingsForm = form('StorageFindings', { valid: Type.Boolean(), checks: Type.Array(checkForm) })

const answerFindings = (checks: readonly StorageCheck[]): Answer =>
  jsonAnswer({
    valid: checks.every(({ status }) => status !== 'failed'),
    checks: checks.map((check) => ({ ...check, ...(check.error ? { error: { ...check.error } } : {}) })),
  })

const warehouse = '/v1/warehouse/{id}'

const changes = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint(`POST ${warehouse}/storage-credential`, operations.updateWarehouseCredential, {
    declares: {
      summary: 'Sets the credential of the storage anew, or takes it away',
      body: newCredentialSchema,
      versioned: true,
      answers: { 200: warehouseForm },
    },
    read: readIdAndBody,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/delete-profile`, operations.updateWarehouseDeleteProfile, {
    declares: {
      summary: 'What dropping a table means; stored, without effect yet',
      body: deleteProfileSchema,
      versioned: true,
      answers: { 200: warehouseForm },
    },
    read: readIdAndBody,
    answer: answerWarehouse,
  }),
  endpoint(`POST ${warehouse}/format-version-policy`, operations.updateWarehouseFormatVersionPolicy, {
    declares: {
      summary: 'Which format versions tables may have; stored, without effect yet',
      body: formatVersionsSchema,
      versioned: true,
      answers: { 200: warehouseForm },
    },
    read: readIdAndBody,
    answer: answerWarehouse,
  }),
]

const validations = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint('POST /v1/warehouse-creation-validation', operations.validateWarehouse, {
    declares: {
      summary: 'Whether a warehouse could be made so; makes none',
      body: createWarehouseSchema,
      answers: { 200: findingsForm },
    },
    read: readBody,
    answer: answerFindings,
  }),
  endpoint(`POST ${warehouse}/storage/validate-profile`, operations.validateWarehouseStorage, {
    declares: {
      summary: 'Whether another storage profile would do',
      body: warehouseStorageSchema,
      answers: { 200: findingsForm },
    },
    read: readIdAndBody,
    answer: answerFindings,
  }),
  endpoint(`POST ${warehouse}/storage/validate-credential`, operations.validateWarehouseCredential, {
    declares: {
      summary: 'Whether another credential would do',
      body: newCredentialSchema,
      answers: { 200: findingsForm },
    },
    read: readIdAndBody,
    answer: answerFindings,
  }),
  endpoint(`POST ${warehouse}/storage/validate-access`, operations.validateWarehouseAccess, {
    declares: { summary: 'Whether the storage can be reached as it is', answers: { 200: findingsForm } },
    read: readId,
    answer: answerFindings,
  }),
]

export const warehouseProfileEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  ...changes(operations),
  ...validations(operations),
]
