/** The port to what follows from grants further down: who may see something sees what it lies in, and no more of that. */
import type { Subject } from './grants.ts'
import type { ObjectKey } from './objects.ts'

export interface Navigation {
  /**
   * One answer an object (a project, warehouse or namespace), in order: is there a grant to the subject on the object or
   * on anything inside it? Nothing older than `notBefore`, an epoch of policy, may lead anywhere; undefined: nothing
   * older than 5 s. At once where it is remembered. Rejects when it cannot answer.
   */
  leadsTo(
    subject: Subject,
    objects: readonly ObjectKey[],
    notBefore: number | undefined,
  ): readonly boolean[] | Promise<readonly boolean[]>
}
