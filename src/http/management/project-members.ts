/** The lines of the management face about who may act inside a project, in the forms of a role's members. */
import { type Static, Type } from 'typebox'
import type { PageAsked, Paged } from '#gateway/operations/management/paging.ts'
import {
  type AddProjectMembers,
  addMembersSchema,
  type ListProjectMembers,
  memberRefSchema,
  type ProjectMemberOperations,
  type RemoveProjectMember,
} from '#gateway/operations/management/project-members.ts'
import type { Member, MemberName } from '#gateway/operations/management/project-registry.ts'
import type { JsonObject } from '#model/json.ts'
import { type Answer, jsonAnswer, noContent } from '../answer.ts'
import { type Endpoint, endpoint, type HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'
import { memberForm, roleMemberWire, userMemberWire } from './members.ts'
import { readProject } from './projects.ts'
import { form, nextPage, pageQuery } from './schemas.ts'

const membersForm = form('ProjectMembers', {
  members: Type.Array(memberForm({ user: 'ProjectUser', role: 'ProjectRole' })),
  ...nextPage,
})
const addedForm = form('AddedProjectMembers', { members: Type.Array(memberRefSchema) })

const memberWire = (member: Member): JsonObject =>
  member.type === 'role' ? roleMemberWire(member) : userMemberWire(member)

const answerMembers = ({ items, nextPageToken }: Paged<Member>): Answer =>
  jsonAnswer({ members: items.map(memberWire), 'next-page-token': nextPageToken })
const answerAdded = (members: readonly MemberName[]): Answer =>
  jsonAnswer({ members: members.map(({ type, id }) => ({ type, id })) })

const readPage = (request: HttpRequest, { query }: { readonly query: PageAsked }): ListProjectMembers => ({
  ...query,
  ...readProject(request),
})

const readAdd = (
  request: HttpRequest,
  { body }: { readonly body: Static<typeof addMembersSchema> },
): AddProjectMembers => ({ ...readProject(request), body })

const readMember = (request: HttpRequest): RemoveProjectMember => ({
  ...readProject(request),
  type: decodePart(request.params['type'] ?? ''),
  memberId: decodePart(request.params['member'] ?? ''),
})

const members = '/v1/project/{id}/members'

export const projectMemberEndpoints = (operations: ProjectMemberOperations): readonly Endpoint[] => [
  endpoint(`GET ${members}`, operations.listProjectMembers, {
    declares: { summary: 'Who may act in a project', query: pageQuery, answers: { 200: membersForm } },
    read: readPage,
    answer: answerMembers,
  }),
  endpoint(`POST ${members}`, operations.addProjectMembers, {
    declares: {
      summary: 'Adds members to a project, all or none',
      body: addMembersSchema,
      answers: { 200: addedForm },
    },
    read: readAdd,
    answer: answerAdded,
  }),
  endpoint(`DELETE ${members}/{type}/{member}`, operations.removeProjectMember, {
    declares: { summary: 'Takes a member out of a project', answers: { 204: null } },
    read: readMember,
    answer: () => noContent,
  }),
]
