/** One call of every operation that provisions, for `every-operation.ts`. */
import { at, type Json, keepId, type Step, saying, step } from './step.ts'

const userForm = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: 'sam@example.com',
  externalId: 'sam',
}
const groupForm = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'team' }
const patch = (path: string, value: unknown) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [{ op: 'replace', path, value }],
})
const scimUser = at('scimUser')
const scimGroup = at('scimGroup')
export const scimSteps: readonly Step[] = [
  step('scimGetServiceProviderConfig'),
  step('scimListResourceTypes'),
  step('scimGetResourceType', { args: saying({ id: 'User' }) as () => Json }),
  step('scimListSchemas'),
  step('scimGetSchema', {
    args: saying({ id: 'urn:ietf:params:scim:schemas:core:2.0:User' }) as () => Json,
  }),
  step('scimCreateUser', {
    args: saying({}) as () => Json,
    body: saying(userForm),
    keep: keepId('scimUser'),
  }),
  step('scimListUsers', { args: saying({}) as () => Json }),
  step('scimGetUser', { args: scimUser }),
  step('scimReplaceUser', { args: scimUser, body: saying(userForm) }),
  step('scimPatchUser', { args: scimUser, body: saying(patch('active', false)) }),
  step('scimCreateGroup', {
    args: saying({}) as () => Json,
    body: saying(groupForm),
    keep: keepId('scimGroup'),
  }),
  step('scimListGroups', { args: saying({}) as () => Json }),
  step('scimGetGroup', { args: scimGroup }),
  step('scimReplaceGroup', { args: scimGroup, body: saying(groupForm) }),
  step('scimPatchGroup', { args: scimGroup, body: saying(patch('displayName', 'crew')) }),
  step('scimDeleteGroup', { args: scimGroup }),
  step('scimDeleteUser', { args: scimUser }),
]
