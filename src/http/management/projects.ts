/** The lines of the management face about the server and its projects, in Lakekeeper's wire forms. */
import { Type } from 'typebox'
import type { ManagementOperations } from '#gateway/operations/management/management.ts'
import type { ProjectRecord } from '#gateway/operations/management/project-registry.ts'
import {
  type AtProject,
  createProjectSchema,
  projectSettingsSchema,
  renameProjectSchema,
} from '#gateway/operations/management/projects.ts'
import { bootstrapSchema, type ServerInfo } from '#gateway/operations/management/server.ts'
import type { JsonObject } from '#model/json.ts'
import { type Answer, jsonAnswer, noContent } from '../answer.ts'
import { type Endpoint, endpoint, type HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'
import { readBody, readNothing } from './read.ts'
import { projectForm, projectsForm, serverInfoForm } from './schemas.ts'
import { signingKeyEndpoints } from './signing-keys.ts'

/** The edition of Lakekeeper's management API that this one follows. */
const lakekeeperVersion = '0.13.1'

const license = { issuer: null, audience: null, 'license-type': 'Apache-2.0', valid: true }

const answerServerInfo = (info: ServerInfo): Answer =>
  jsonAnswer({
    version: info.version,
    'lakekeeper-version': lakekeeperVersion,
    'server-id': info.id,
    bootstrapped: info.bootstrapped,
    'default-project-id': info.defaultProjectId,
    'authz-backend': info.authorizer ?? 'allow-all',
    'aws-system-identities-enabled': true,
    'azure-system-identities-enabled': false,
    'gcp-system-identities-enabled': false,
    queues: [],
    'license-status': license,
  })

const projectWire = ({ id, name }: ProjectRecord): JsonObject => ({ 'project-id': id, 'project-name': name })

const answerSettings = ({ apiKeysAllowed }: ProjectRecord): Answer =>
  jsonAnswer({ 'api-keys-allowed': apiKeysAllowed })

const answerProject = (project: ProjectRecord): Answer => jsonAnswer(projectWire(project))
const answerCreated = (project: ProjectRecord): Answer => ({ ...answerProject(project), status: 201 })
const answerProjects = (projects: readonly ProjectRecord[]): Answer =>
  jsonAnswer({ projects: projects.map(projectWire) })
const answerNothing = (): Answer => noContent

const settingsForm = Type.Object(
  { 'api-keys-allowed': Type.Boolean() },
  { title: 'ProjectSettings', additionalProperties: false },
)

const serverEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint('GET /v1/info', operations.getServerInfo, {
    declares: { summary: 'Who the server is', answers: { 200: serverInfoForm } },
    read: readNothing,
    answer: answerServerInfo,
  }),
  endpoint('POST /v1/bootstrap', operations.bootstrap, {
    declares: {
      summary: 'Makes the caller the first administrator of the server, once',
      body: bootstrapSchema,
      answers: { 204: null },
    },
    read: readBody,
    answer: answerNothing,
  }),
]

export const readProject = ({ params }: HttpRequest): Required<AtProject> => ({
  project: decodePart(params['id'] ?? ''),
})

const inHeader = (): AtProject => ({})

interface Renamed {
  readonly body: { readonly 'new-name': string }
}

/** The project of the header, or the default one. */
const namedEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint('GET /v1/project', operations.getProject, {
    declares: { summary: 'The project in use', answers: { 200: projectForm } },
    read: inHeader,
    answer: answerProject,
  }),
  endpoint('POST /v1/project', operations.createProject, {
    declares: { summary: 'Makes a project', body: createProjectSchema, answers: { 201: projectForm } },
    read: readBody,
    answer: answerCreated,
  }),
  endpoint('DELETE /v1/project', operations.deleteProject, {
    declares: { summary: 'Deletes the project in use, when it is empty', answers: { 204: null } },
    read: inHeader,
    answer: answerNothing,
  }),
  endpoint('POST /v1/project/rename', operations.renameProject, {
    declares: {
      summary: 'Renames the project in use',
      body: renameProjectSchema,
      answers: { 200: projectForm },
    },
    read: (_request, { body }: Renamed) => ({ newName: body['new-name'] }),
    answer: answerProject,
  }),
  endpoint('GET /v1/project/settings', operations.getProjectSettings, {
    declares: { summary: 'Settings of the project in use', answers: { 200: settingsForm } },
    read: inHeader,
    answer: answerSettings,
  }),
  endpoint('POST /v1/project/settings', operations.updateProjectSettings, {
    declares: {
      summary: 'Settings of the project in use; what is left out stays',
      body: projectSettingsSchema,
      answers: { 200: settingsForm },
    },
    read: (_request, { body }) => ({ body }),
    answer: answerSettings,
  }),
  endpoint('GET /v1/project-list', operations.listProjects, {
    declares: { summary: 'The projects that the caller sees', answers: { 200: projectsForm } },
    read: readNothing,
    answer: answerProjects,
  }),
]

const project = '/v1/project/{id}'

const byPathEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  endpoint(`GET ${project}`, operations.getProjectById, {
    declares: { summary: 'One project', answers: { 200: projectForm } },
    read: readProject,
    answer: answerProject,
  }),
  endpoint(`DELETE ${project}`, operations.deleteProjectById, {
    declares: { summary: 'Deletes an empty project', answers: { 204: null } },
    read: readProject,
    answer: answerNothing,
  }),
  endpoint(`POST ${project}/rename`, operations.renameProjectById, {
    declares: { summary: 'Renames a project', body: renameProjectSchema, answers: { 200: projectForm } },
    read: (request, { body }: Renamed) => ({ ...readProject(request), newName: body['new-name'] }),
    answer: answerProject,
  }),
]

export const projectEndpoints = (operations: ManagementOperations): readonly Endpoint[] => [
  ...serverEndpoints(operations),
  ...signingKeyEndpoints(operations),
  ...namedEndpoints(operations),
  ...byPathEndpoints(operations),
]
