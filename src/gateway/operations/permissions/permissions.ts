/** The table of operations about grants: the same ones for every kind of object that can be granted on. */

import type { ById } from '../management/place.ts'
import { type About, getAccess, getActions, getAuthorizerActions, onUser } from './actions.ts'
import {
  type ChangeAssignments,
  changeAssignments,
  type Kind,
  type ListAssignments,
  listAssignments,
} from './assignments.ts'
import { createBreakGlassOperations } from './break-glass.ts'
import { createCheckOperations } from './check.ts'
import { createHoldingOperations, type ListReach, listReach } from './holdings.ts'
import { getManagedAccess, type SetManagedAccess, setManagedAccess } from './managed-access.ts'
import { createObjectOperations } from './objects.ts'
import {
  type AtContent,
  type AtProjectPath,
  type GovernedPlace,
  onConnection,
  onContent,
  onNamespace,
  onProjectPath,
  onRole,
  onServer,
  onTag,
  onWarehouse,
  type PermissionDeps,
} from './place.ts'
import { createPrivilegeOperations, getGrantable, type ListGrants, listGrants } from './privileges.ts'
import type { GrantedType } from './wire-relations.ts'

/** Where one kind of object is found, whatever is asked of it. */
type PlaceOf<At> = <Input extends At>() => GovernedPlace<Input>

interface Named {
  readonly type: GrantedType
  readonly word: string
}

const operationsOn = <At>(deps: PermissionDeps, { type, word }: Named, place: PlaceOf<At>) => {
  const kind = <More>(): Kind<At & More> => ({ type, word, place: place<At & More>() })
  return {
    type,
    list: listAssignments(deps, kind<ListAssignments>()),
    change: changeAssignments(deps, kind<ChangeAssignments>()),
    actions: getActions(deps, kind<About>()),
    authorizerActions: getAuthorizerActions(deps, kind<About>()),
    access: getAccess(deps, kind<About>()),
    reach: listReach(deps, kind<ListReach>()),
    managedAccess: getManagedAccess(deps, kind<object>()),
    setManagedAccess: setManagedAccess(deps, kind<SetManagedAccess>()),
    grants: listGrants(deps, kind<ListGrants>()),
    apply: changeAssignments(deps, kind<ChangeAssignments>(), `apply${word}Grants`),
    grantable: getGrantable(deps, kind<About>()),
  }
}

export type OperationsOn<At> = ReturnType<typeof operationsOn<At>>

export const createPermissionOperations = (deps: PermissionDeps) => ({
  server: operationsOn<object>(deps, { type: 'server', word: 'Server' }, () => onServer(deps)),
  project: operationsOn<AtProjectPath>(deps, { type: 'project', word: 'Project' }, () => onProjectPath(deps)),
  projectById: operationsOn<AtProjectPath>(deps, { type: 'project', word: 'ProjectById' }, () =>
    onProjectPath(deps),
  ),
  role: operationsOn<ById>(deps, { type: 'role', word: 'Role' }, () => onRole(deps)),
  connection: operationsOn<ById>(deps, { type: 'connection', word: 'Connection' }, () => onConnection(deps)),
  tag: operationsOn<ById>(deps, { type: 'tag', word: 'Tag' }, () => onTag(deps)),
  warehouse: operationsOn<ById>(deps, { type: 'warehouse', word: 'Warehouse' }, () => onWarehouse(deps)),
  namespace: operationsOn<ById>(deps, { type: 'namespace', word: 'Namespace' }, () => onNamespace(deps)),
  table: operationsOn<AtContent>(deps, { type: 'table', word: 'Table' }, () => onContent(deps, 'table')),
  view: operationsOn<AtContent>(deps, { type: 'view', word: 'View' }, () => onContent(deps, 'view')),
  user: { actions: getActions<About & ById>(deps, { word: 'User', place: onUser() }) },
  ...createPrivilegeOperations(deps),
  ...createCheckOperations(deps),
  ...createObjectOperations(deps),
  ...createHoldingOperations(deps),
  ...createBreakGlassOperations(deps),
})

export type PermissionOperations = ReturnType<typeof createPermissionOperations>
