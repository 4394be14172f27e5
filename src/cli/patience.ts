/** How often, and after how long, the same request is sent again to a server that has no time for it now. */

const mostAttempts = 4
/** Whoever is told to come back later than that is told so at once. */
const longestWaitMs = 30_000

/** Both say that nothing has happened, and a change carries a key by which it happens once. */
const isBusy = (status: number): boolean => status === 429 || status === 503

/** Seconds, or a point in time (RFC 9110, 10.2.3); without either, a second that doubles. */
const waitMs = (said: string | null, attempt: number, now: number): number => {
  if (said === null) return 1_000 * 2 ** (attempt - 1)
  const at = /^\d+$/.test(said) ? now + Number(said) * 1_000 : Date.parse(said)
  return Number.isNaN(at) ? 1_000 : Math.max(0, at - now)
}

export interface Patience {
  pause(milliseconds: number): Promise<void>
  /** Epoch milliseconds. */
  now(): number
}

/** The last answer, whatever it is. */
export const sendPatiently = async (send: () => Promise<Response>, patience: Patience): Promise<Response> => {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send()
    if (!isBusy(answer.status) || attempt === mostAttempts) return answer
    const wait = waitMs(answer.headers.get('retry-after'), attempt, patience.now())
    if (wait > longestWaitMs) return answer
    await answer.body?.cancel()
    await patience.pause(wait)
  }
}
