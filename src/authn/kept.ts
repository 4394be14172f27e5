/**
 * Something fetched from a provider and kept: fetched by one at a time, renewed in the background, kept while the
 * provider is down, and never asked for more often than its cool-down allows.
 */

export interface Kept<T> {
  /** What is kept, fetched where there is nothing yet. Throws what the last fetch threw where there is nothing. */
  get(): Promise<T>
  /** Fetches again unless that happened just now; true where it did and succeeded. */
  refresh(): Promise<boolean>
  /** What the last fetch threw; undefined where it succeeded. */
  failure(): unknown
}

export interface KeptDeps<T> {
  readonly load: () => Promise<T>
  /** Milliseconds on a clock that nobody can set. */
  readonly elapsed: () => number
  readonly report: (error: unknown) => void
}

const renewAfterMs = 5 * 60_000
/** A provider that is down this long is no provider any more: what it once published may be in wrong hands. */
const keepMs = 24 * 3_600_000
const coolDownMs = 10_000
const failedCoolDownMs = 2_000

interface State<T> {
  current?: { readonly value: T; readonly at: number }
  pending?: Promise<void> | undefined
  triedAt?: number
  failure: unknown
}

export const createKept = <T>({ load, elapsed, report }: KeptDeps<T>): Kept<T> => {
  const state: State<T> = { failure: undefined }
  const attempt = (): Promise<void> => {
    state.pending ??= load()
      .then(
        (value) => {
          state.current = { value, at: elapsed() }
          state.failure = undefined
        },
        (error: unknown) => {
          state.failure = error
          report(error)
        },
      )
      .finally(() => {
        state.triedAt = elapsed()
        state.pending = undefined
      })
    return state.pending
  }
  const cooled = (): boolean =>
    state.triedAt === undefined ||
    elapsed() - state.triedAt >= (state.failure === undefined ? coolDownMs : failedCoolDownMs)
  const ageMs = (): number => (state.current ? elapsed() - state.current.at : Number.POSITIVE_INFINITY)
  const get = async (): Promise<T> => {
    if (ageMs() > keepMs && (state.pending || cooled())) await attempt()
    else if (ageMs() > renewAfterMs && cooled()) void attempt()
    if (!state.current || ageMs() > keepMs) throw state.failure
    return state.current.value
  }
  return {
    get,
    refresh: async () => {
      if (!state.pending && !cooled()) return false
      await attempt()
      return state.failure === undefined
    },
    failure: () => state.failure,
  }
}
