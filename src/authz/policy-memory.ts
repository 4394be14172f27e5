/** The contract between those who remember something of policy (grants, rules, tags, seen objects) and its changes. */
export interface PolicyMemory {
  /** At once: nothing that was looked up before it returns is remembered afterwards. */
  forget(): void
  /** More may have been granted: for who remembers that something has not. Absent: nothing of that kind is remembered. */
  granted?(): void
}
