import { describe, expect, it } from 'vitest'
import { createBulkhead } from '../../../src/catalog/bulkhead.ts'
import {
  type UpstreamRequest,
  type UpstreamResponse,
  UpstreamUnreachable,
} from '../../../src/catalog/connector.ts'

const request: UpstreamRequest = { method: 'GET', url: 'http://u/', headers: {}, maxBytes: 1, timeoutMs: 1 }
const answer: UpstreamResponse = { status: 200, headers: {}, body: new Uint8Array() }
const lost = () => new UpstreamUnreachable('no answer', { sent: true })

const setUp = (most = 256) => {
  let now = 0
  const open: PromiseWithResolvers<UpstreamResponse>[] = []
  const fetch = createBulkhead({
    now: () => now,
    most,
    fetch: () => {
      const one = Promise.withResolvers<UpstreamResponse>()
      open.push(one)
      return one.promise
    },
  })
  const ask = (more: Partial<UpstreamRequest> = {}) =>
    fetch({ ...request, ...more }).then(
      () => 'answered',
      (error: unknown) =>
        error instanceof UpstreamUnreachable ? `${error.message}, ${error.sent}` : String(error),
    )
  /** A request that fails after so many milliseconds. */
  const askInVain = async (ms: number, more: Partial<UpstreamRequest> = {}): Promise<string> => {
    const asked = ask(more)
    now += ms
    open.at(-1)?.reject(lost())
    return asked
  }
  return {
    ask,
    askInVain,
    open,
    advance: (ms: number) => {
      now += ms
    },
  }
}

const paused = 'the upstream has not answered lately, false'

describe('a bulkhead', () => {
  it('lets a bounded number of requests wait for one upstream, and refuses more as not sent', async () => {
    const { ask, open } = setUp(2)
    const waiting = [ask(), ask()]
    expect(await ask()).toBe('too many requests wait for the upstream already, false')
    open[0]?.resolve(answer)
    expect(await waiting[0]).toBe('answered')
    const next = ask()
    open[1]?.resolve(answer)
    open[2]?.resolve(answer)
    expect(await Promise.all([waiting[1], next])).toEqual(['answered', 'answered'])
  })

  it('pauses after silence in a row, then lets one request find out, and all once it is answered', async () => {
    const { ask, askInVain, open, advance } = setUp()
    for (let i = 0; i < 3; i += 1) expect(await askInVain(5000)).toBe('no answer, true')
    expect(await ask()).toBe(paused)
    expect(open).toHaveLength(3)
    advance(2000)
    const probe = ask()
    expect(await ask()).toBe(paused)
    open.at(-1)?.resolve(answer)
    expect(await probe).toBe('answered')
    const after = [ask(), ask()]
    for (const one of open) one.resolve(answer)
    expect(await Promise.all(after)).toEqual(['answered', 'answered'])
  })

  it('pauses again where the upstream is still silent', async () => {
    const { ask, askInVain, advance } = setUp()
    for (let i = 0; i < 3; i += 1) await askInVain(5000)
    advance(2000)
    expect(await askInVain(5000)).toBe('no answer, true')
    expect(await ask()).toBe(paused)
  })

  it('never pauses for refused connections, which cost nothing, nor for callers that leave', async () => {
    const { ask, askInVain, open } = setUp()
    for (let i = 0; i < 10; i += 1) await askInVain(5)
    for (let i = 0; i < 10; i += 1) await askInVain(5000, { signal: AbortSignal.abort() })
    const asked = ask()
    open.at(-1)?.resolve(answer)
    expect(await asked).toBe('answered')
  })

  it('forgets silence with the first answer', async () => {
    const { ask, askInVain, open } = setUp()
    for (let round = 0; round < 3; round += 1) {
      await askInVain(5000)
      await askInVain(5000)
      const asked = ask()
      open.at(-1)?.resolve(answer)
      expect(await asked).toBe('answered')
    }
  })
})
