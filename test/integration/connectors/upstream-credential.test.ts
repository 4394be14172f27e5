import { describe, expect, it } from 'vitest'
import { newCall } from '../../contract/catalog/kit.ts'
import {
  answerError,
  answerHtml,
  answerJson,
  answerRaw,
  type Behaviour,
  cutConnection,
} from '../../support/hostile-upstream.ts'
import { all, answerTable, appendBody, failureOf, id, useRelayBench } from '../../support/relay-bench.ts'

const bench = useRelayBench()

describe('the gateway’s own credential', () => {
  const oauth = {
    auth: {
      kind: 'oauth2',
      'client-id': 'me',
      'client-secret': 'env:SECRET',
      scope: 'PRINCIPAL_ROLE:ALL',
    },
  }

  const tokenServer =
    (token: () => unknown, then: Behaviour): Behaviour =>
    (call, response) =>
      call.url === '/v1/oauth/tokens'
        ? answerJson({ access_token: token(), token_type: 'bearer', expires_in: 100 })(call, response)
        : then(call, response)

  it('is a bearer token that is read from its reference', async () => {
    bench.upstream.behave(answerTable())
    await (await bench.open({ auth: { kind: 'bearer', token: 'env:TOKEN' } })).tables.load(newCall(), id, all)
    expect(bench.upstream.calls[0]?.headers.authorization).toBe('Bearer canary-bearer')
    expect(bench.upstream.configCalls[0]?.headers.authorization).toBe('Bearer canary-bearer')
  })

  it('is fetched once with client credentials, renewed near its end, by one request for all', async () => {
    let given = 0
    bench.upstream.behave(tokenServer(() => `token-${++given}`, answerTable()))
    const other = await bench.open(oauth)
    await Promise.all(Array.from({ length: 6 }, () => other.tables.load(newCall(), id, all)))
    expect(given).toBe(1)
    const [asked] = bench.upstream.calls
    expect(asked?.body.toString()).toBe(
      'grant_type=client_credentials&scope=PRINCIPAL_ROLE%3AALL&client_id=me&client_secret=canary-client-secret',
    )
    bench.tools.advance(91_000)
    await Promise.all(Array.from({ length: 6 }, () => other.tables.load(newCall(), id, all)))
    expect(given).toBe(2)
    expect(bench.upstream.calls.at(-1)?.headers.authorization).toBe('Bearer token-2')
  })

  it('is renewed once after a 401, also for a commit, which is then relayed once more', async () => {
    let given = 0
    const guarded: Behaviour = (call, response) =>
      (call.headers.authorization === 'Bearer token-2'
        ? answerTable()
        : answerError(401, 'NotAuthorizedException', 'expired'))(call, response)
    bench.upstream.behave(tokenServer(() => `token-${++given}`, guarded))
    const other = await bench.open(oauth)
    await other.tables.commit(newCall(), id, appendBody('1'))
    expect(given).toBe(2)
    expect(bench.upstream.calls.filter(({ url }) => url.includes('/tables/'))).toHaveLength(2)
  })

  it('that stays refused is asked for once more and no further', async () => {
    let given = 0
    bench.upstream.behave(
      tokenServer(() => `token-${++given}`, answerError(401, 'NotAuthorizedException', 'no')),
    )
    const error = await failureOf((await bench.open(oauth)).tables.load(newCall(), id, all))
    expect(error.type).toBe('ServiceUnavailableException')
    expect(given).toBe(2)
    bench.upstream.forget()
    bench.upstream.behave(answerError(401, 'NotAuthorizedException', 'no'))
    await failureOf(
      (await bench.open({ auth: { kind: 'bearer', token: 'env:TOKEN' } })).tables.load(newCall(), id, all),
    )
    expect(bench.upstream.calls).toHaveLength(1)
  })

  it.each([
    [
      'an error of the specification',
      answerRaw(401, '{"error":"invalid_client","error_description":"canary"}'),
      'invalid_client',
    ],
    ['an error of its own', answerRaw(400, '{"error":"canary"}'), 'status 400'],
    ['a web page', answerHtml(200), 'what was given is no token'],
    [
      'a token with a line break',
      answerJson({ access_token: 'a\r\nx-canary: b' }),
      'what was given is no token',
    ],
    ['silence that is cut', cutConnection, 'the token endpoint did not answer'],
  ])('cannot be had from %s: the caller is told without secrets', async (_, behaviour, reason) => {
    bench.upstream.behave(behaviour)
    const error = await failureOf((await bench.open(oauth)).tables.commit(newCall(), id, appendBody('1')))
    expect(error).toMatchObject({
      type: 'SlowDownException',
      message: `Connection upstream: the gateway has no access token for the upstream (${reason})`,
    })
  })

  it('never shows in messages or in the log', async () => {
    bench.upstream.behave(
      tokenServer(() => 'canary-token', answerError(500, 'x', 'canary-token canary-client-secret')),
    )
    const other = await bench.open(oauth)
    const error = await failureOf(other.tables.load(newCall(), id, all))
    expect(`${error.message} ${bench.tools.logged.join(' ')}`).not.toContain('canary')
  })

  it('is blanked out where the upstream repeats what it was sent, now or before, in whatever spelling', async () => {
    let given = 0
    const echo = (): string =>
      `no: canary-token+1 canary-token+2 canary-token%2B1 canary-client-secret ${'x'.repeat(3900)} canary-client-secret`
    bench.upstream.behave(
      tokenServer(
        () => `canary-token+${++given}`,
        (call, response) => answerError(400, 'BadRequestException', echo())(call, response),
      ),
    )
    const other = await bench.open(oauth)
    await failureOf(other.tables.load(newCall(), id, all))
    bench.tools.advance(91_000)
    const load = await failureOf(other.tables.load(newCall(), id, all))
    const commit = await failureOf(other.tables.commit(newCall(), id, appendBody('1')))
    expect(given).toBe(2)
    for (const { message } of [load, commit]) {
      expect(message).toContain('no: *** *** *** ***')
      expect(message).not.toContain('canary')
    }
  })

  it('is not taken for a request id', async () => {
    bench.upstream.behave(answerRaw(500, '', { 'x-request-id': 'canary-bearer' }))
    const other = await bench.open({ auth: { kind: 'bearer', token: 'env:TOKEN' } })
    const error = await failureOf(other.tables.commit(newCall(), id, appendBody('1')))
    expect(error.type).toBe('CommitStateUnknownException')
    expect(error.message).not.toContain('canary')
  })
})
