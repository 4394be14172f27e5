/** A registry of projects in memory that notes every change. */
import type {
  Member,
  ProjectRecord,
  ProjectRegistry,
} from '#gateway/operations/management/project-registry.ts'

const project: ProjectRecord = { id: 'default', name: 'default', apiKeysAllowed: true }

const member: Member = { type: 'user', id: 'oidc~alice', name: 'Alice', email: null, userType: 'human' }

/** Holds one project with one member; the names of the members that change something go into `changes`. */
export const createMemoryProjects = (changes: string[] = []): ProjectRegistry => {
  const note =
    <T>(name: string, result: T) =>
    async (): Promise<T> => {
      changes.push(name)
      return result
    }
  return {
    knows: (id) => id === project.id,
    listProjects: async () => [project],
    findProject: async (id) => (id === project.id ? project : undefined),
    createProject: note('createProject', project),
    changeProject: note('changeProject', project),
    removeProject: note('removeProject', undefined),
    listMembers: async () => [member],
    addMembers: note('addMembers', undefined),
    removeMember: note('removeMember', undefined),
    isBootstrapped: async () => true,
    bootstrap: note('bootstrap', undefined),
    listAdmins: async () => [member.id],
  }
}
