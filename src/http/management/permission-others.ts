/** The lines about grants that are not the same for every kind of object. */
import type { Emergency } from '#gateway/operations/permissions/break-glass.ts'
import { breakGlassSchema } from '#gateway/operations/permissions/break-glass.ts'
import { batchCheckSchema, checkSchema } from '#gateway/operations/permissions/check-forms.ts'
import { type ManagedAccess, managedAccessSchema } from '#gateway/operations/permissions/managed-access.ts'
import { objectNameSchema } from '#gateway/operations/permissions/objects.ts'
import type { PermissionOperations } from '#gateway/operations/permissions/permissions.ts'
import { type Answer, jsonAnswer, noContent } from '../answer.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import * as forms from './permission-forms.ts'
import { answerHoldings, holdingsQuery, readHoldings } from './permission-pages.ts'
import { readBody, readId, readIdAndBody, readNothing } from './read.ts'

/** As Lakekeeper answers: 200 without a body. */
const answerEmpty = (): Answer => ({ ...noContent, status: 200 })

const answerOfWarehouse = ({ managed }: ManagedAccess): Answer => jsonAnswer({ 'managed-access': managed })
const answerOfNamespace = ({ managed, inherited }: ManagedAccess): Answer =>
  jsonAnswer({ 'managed-access': managed, 'managed-access-inherited': inherited })

export const managedAccessEndpoints = (operations: PermissionOperations): readonly Endpoint[] =>
  (['warehouse', 'namespace'] as const).flatMap((type) => [
    endpoint(`GET /v1/permissions/${type}/{id}`, operations[type].managedAccess, {
      declares: {
        summary: `Whether managed access is set on a ${type}`,
        answers: { 200: type === 'warehouse' ? forms.warehouseAccessForm : forms.namespaceAccessForm },
      },
      read: readId,
      answer: type === 'warehouse' ? answerOfWarehouse : answerOfNamespace,
    }),
    endpoint(`POST /v1/permissions/${type}/{id}/managed-access`, operations[type].setManagedAccess, {
      declares: {
        summary: `Sets managed access on a ${type}: owners of what lies inside no longer grant`,
        body: managedAccessSchema,
        answers: { 200: null },
      },
      read: readIdAndBody,
      answer: answerEmpty,
    }),
  ])

const checkEndpoints = (operations: PermissionOperations): readonly Endpoint[] => [
  endpoint('POST /v1/permissions/check', operations.checkPermission, {
    declares: {
      summary: 'Whether somebody may do something with one object',
      body: checkSchema,
      answers: { 200: forms.checkedForm },
    },
    read: readBody,
    answer: (allowed) => jsonAnswer({ allowed }),
  }),
  endpoint('POST /v1/action/batch-check', operations.batchCheckActions, {
    declares: {
      summary: 'Up to a thousand such questions at once',
      body: batchCheckSchema,
      mostMembers: 50_000,
      answers: { 200: forms.batchCheckedForm },
    },
    read: readBody,
    answer: (results) => jsonAnswer(forms.batchWire(results)),
  }),
]

const objectEndpoints = (operations: PermissionOperations): readonly Endpoint[] => [
  endpoint('POST /v1/warehouse/{id}/objects', operations.resolveObject, {
    declares: {
      summary: 'The id of a namespace, table or view, by which its grants are addressed',
      body: objectNameSchema,
      answers: { 200: forms.objectForm },
    },
    read: readIdAndBody,
    answer: (object) => jsonAnswer(forms.objectWire(object)),
  }),
  endpoint('POST /v1/warehouse/{id}/objects/confirm', operations.confirmObject, {
    declares: {
      summary: 'Lets suspended grants stand for the table that has the name now',
      body: objectNameSchema,
      answers: { 204: null },
    },
    read: readIdAndBody,
    answer: () => noContent,
  }),
]

const answerOpened = (open: Emergency): Answer => ({ ...jsonAnswer(forms.emergencyWire(open)), status: 201 })

const breakGlassEndpoints = (operations: PermissionOperations): readonly Endpoint[] => [
  endpoint('POST /v1/break-glass', operations.openBreakGlass, {
    declares: {
      summary: 'Opens access for the caller in an emergency, for a while and on record',
      body: breakGlassSchema,
      answers: { 201: forms.emergencyForm },
    },
    read: (_request, { body }) => ({ body }),
    answer: answerOpened,
  }),
  endpoint('GET /v1/break-glass', operations.listBreakGlass, {
    declares: { summary: 'Access that is open in an emergency', answers: { 200: forms.emergenciesForm } },
    read: readNothing,
    answer: (open) => jsonAnswer({ 'break-glass': open.map(forms.emergencyWire) }),
  }),
  endpoint('DELETE /v1/break-glass/{id}', operations.endBreakGlass, {
    declares: { summary: 'Ends such access before its time', answers: { 204: null } },
    read: readId,
    answer: () => noContent,
  }),
]

export const otherPermissionEndpoints = (operations: PermissionOperations): readonly Endpoint[] => [
  ...checkEndpoints(operations),
  ...objectEndpoints(operations),
  endpoint('GET /v1/permissions/holdings', operations.listHoldings, {
    declares: {
      summary: 'Everything that somebody holds in the project, also by roles',
      query: holdingsQuery,
      answers: { 200: forms.holdingsForm },
    },
    read: (_request, { query }) => readHoldings(query),
    answer: answerHoldings,
  }),
  ...breakGlassEndpoints(operations),
]
