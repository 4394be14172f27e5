/** May they: the port that turns a principal and its needs into a Decision. */
import type { Action, Decision, Need, Principal, Resource } from '#model/access.ts'

export interface Authorizer {
  /**
   * One answer for all needs of a request: allowed only when each is. A denial names the need that was refused and
   * whether the asker may know of its object. Rejects when it cannot answer; the caller then denies.
   */
  check(principal: Principal, needs: readonly Need[]): Decision | Promise<Decision>
  /**
   * May the principal know of the project? Asked before anything inside it is looked up; says nothing of what is
   * allowed there. Absent: everybody may know of every project. Rejects when it cannot answer.
   */
  enters?(principal: Principal, project: string): boolean | Promise<boolean>
  /** One answer a candidate, in order: may the asker see it in a listing? */
  visible(
    principal: Principal,
    action: Action,
    candidates: readonly Resource[],
  ): readonly boolean[] | Promise<readonly boolean[]>
}
