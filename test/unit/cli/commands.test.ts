import { describe, expect, test } from 'vitest'
import { createRows, runCommandLine } from '#cli/run.ts'
import {
  type Answers,
  createFakeTerminal,
  type FakeTerminalOptions,
  untried,
} from '../../support/fake-terminal.ts'

const rows = createRows([{ name: 'serve', about: 'run the gateway', process: true }], untried)

const run = async (line: string, options: FakeTerminalOptions = {}) => {
  const terminal = createFakeTerminal(options)
  const code = await runCommandLine(rows, line.split(' '), terminal)
  return { code, out: terminal.output(), err: terminal.errors(), sent: terminal.sent, terminal }
}

const analysts = { id: '0198c0de-0000-7000-8000-000000000001', name: 'analysts', ident: 'lakegate~a' }
const writers = { id: '0198c0de-0000-7000-8000-000000000002', name: 'writers', ident: 'lakegate~w' }

const roles: Answers = {
  'GET /management/v1/role': { body: { roles: [analysts], 'next-page-token': 'two' } },
  'GET /management/v1/role?pageToken=two': {
    body: { roles: [{ ...writers, description: 'who\u001b[31m write' }] },
  },
}

const refusal = (code: number, type: string, message: string) => ({
  status: code,
  body: { error: { message, type, code, 'request-id': 'r-1' } },
})

describe('what people see', () => {
  test('a list is a table of all its pages, and a name cannot command the terminal', async () => {
    const { code, out } = await run('role list', { answers: roles })
    expect(code).toBe(0)
    expect(out).toMatchInlineSnapshot(`
      "ID                                    NAME      IDENT       DESCRIPTION
      0198c0de-0000-7000-8000-000000000001  analysts  lakegate~a  -
      0198c0de-0000-7000-8000-000000000002  writers   lakegate~w  who�[31m write"
    `)
  })

  test('one object is a card', async () => {
    const answers = { 'POST /management/v1/role': { status: 201, body: { ...analysts, 'project-id': 'p' } } }
    const { out, sent } = await run('role create analysts --description readers', { answers })
    expect(out).toMatchInlineSnapshot(`
      "id           0198c0de-0000-7000-8000-000000000001
      name         analysts
      ident        lakegate~a
      project id   p"
    `)
    expect(JSON.parse(sent[0]!.body)).toEqual({ name: 'analysts', description: 'readers' })
    expect(sent[0]!.headers.get('idempotency-key')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('an empty list says so, and an answer without content is done', async () => {
    const empty = await run('role list', { answers: { 'GET /management/v1/role': { body: { roles: [] } } } })
    expect(empty.out).toBe('None.')
    const answers = { [`DELETE /management/v1/role/${analysts.id}`]: { status: 204 } }
    expect((await run(`role delete ${analysts.id}`, { answers })).out).toBe('Done.')
  })

  test('a refusal is in the words of the server, with the id that its log has', async () => {
    const answers = {
      'POST /management/v1/role': refusal(409, 'AlreadyExistsException', 'Role already exists: analysts'),
    }
    const { code, out, err } = await run('role create analysts', { answers })
    expect({ code, out, err }).toMatchInlineSnapshot(`
      {
        "code": 5,
        "err": "POST /management/v1/role: Role already exists: analysts (request r-1)",
        "out": "",
      }
    `)
  })

  test('help explains a command from its row', async () => {
    expect((await run('help role members add')).out).toMatchInlineSnapshot(`
      "Usage: lakegate role members add <role> <member>… [options]

        add members to a role

      Arguments
        <role>    the role (name or id)
        <member>  user:ID, role:NAME or service-account:NAME

      Options
        --if-match VALUE  only if the object still has this ETag

      Common options
        --profile VALUE      which profile of the configuration file to use
        --server VALUE       address of the gateway
        --project VALUE      project to act in, by name or id
        --assume-role VALUE  act with this role alone, by id
        --cert VALUE         file with a client certificate (PEM) to show to the gateway
        --key VALUE          file with its key (PEM)
        --json               print JSON, errors too
        --help               explain the command

      Operation: POST /management/v1/role/{id}/members"
    `)
    expect((await run('role members add --help')).out).toBe((await run('help role members add')).out)
  })

  test('help of a group lists what is below it', async () => {
    expect((await run('help mount')).out).toMatchInlineSnapshot(`
      "Usage: lakegate mount <command> [options]

      Commands
        mount list <warehouse>                             list the mounts of a warehouse
        mount get <warehouse> <mount>                      show a mount
        mount create <warehouse> <namespace> <connection>  show an upstream below a namespace of a warehouse
        mount delete <warehouse> <mount>                   show an upstream no longer; nothing is deleted there

      \`lakegate help mount <command>\` explains one."
    `)
  })
})

describe('what programs see', () => {
  test('--json prints the answer as the server gave it, all pages in one', async () => {
    const { out } = await run('role list --json', { answers: roles })
    expect(JSON.parse(out)).toEqual({ roles: [analysts, { ...writers, description: 'who\u001b[31m write' }] })
  })

  test('a page is asked for alone, with the token of the next', async () => {
    const answers = {
      'GET /management/v1/role?pageSize=1': { body: { roles: [analysts], 'next-page-token': 'two' } },
    }
    const { out } = await run('role list --page-size 1 --json', { answers })
    expect(JSON.parse(out)).toEqual({ roles: [analysts], 'next-page-token': 'two' })
  })

  test('errors are JSON too, on standard error', async () => {
    const answers = { 'POST /management/v1/role': refusal(409, 'AlreadyExistsException', 'Role exists') }
    const { out, err } = await run('role create analysts --json', { answers })
    expect(out).toBe('')
    expect(JSON.parse(err)).toEqual({
      error: {
        message: 'POST /management/v1/role: Role exists',
        type: 'AlreadyExistsException',
        code: 409,
        'request-id': 'r-1',
        exit: 5,
      },
    })
    const usage = await run('role crate x --json')
    expect(JSON.parse(usage.err)).toMatchObject({ error: { type: 'usage', exit: 2 } })
  })

  test.each([
    [400, 'BadRequestException', 1],
    [401, 'NotAuthorizedException', 3],
    [403, 'ForbiddenException', 6],
    [404, 'NotFoundException', 4],
    [409, 'ConflictException', 5],
    [412, 'PreconditionFailedException', 5],
    [429, 'SlowDownException', 7],
    [500, 'InternalServerErrorException', 1],
    [503, 'ServiceUnavailableException', 7],
  ] as const)('status %i (%s) ends with code %i', async (status, type, exit) => {
    const answers = { 'GET /management/v1/info': refusal(status, type, 'no') }
    expect((await run('info', { answers })).code).toBe(exit)
  })

  test('a busy server is asked again when it says so, with one key for the change', async () => {
    let answers = 0
    const busy = () => {
      answers += 1
      return answers < 3
        ? { status: 503, headers: { 'retry-after': String(answers * 2) } }
        : { body: { id: writers.id, name: 'writers' } }
    }
    const terminal = createFakeTerminal({ answers: { 'POST /management/v1/role': busy } })
    expect(await runCommandLine(rows, ['role', 'create', 'writers'], terminal)).toBe(0)
    expect(terminal.pauses).toEqual([2_000, 4_000])
    const keys = terminal.sent.map(({ headers }) => headers.get('idempotency-key'))
    expect([keys.length, new Set(keys).size]).toEqual([3, 1])
  })

  test.each([
    ['says nothing', undefined, [1_000, 2_000, 4_000]],
    ['names a point in time', new Date(1_700_000_005_000).toUTCString(), [5_000, 0, 0]],
    ['says nonsense', 'soon', [1_000, 1_000, 1_000]],
    ['is away for long', '31', []],
  ])('a server that stays busy and %s is waited for so long', async (_, said, pauses) => {
    const headers = said === undefined ? {} : { 'retry-after': said }
    const terminal = createFakeTerminal({ answers: { 'GET /management/v1/info': { status: 429, headers } } })
    expect(await runCommandLine(rows, ['info'], terminal)).toBe(7)
    expect(terminal.pauses).toEqual(pauses)
  })

  test('a probe of health waits for nobody', async () => {
    const terminal = createFakeTerminal({ answers: { 'GET /health/ready': { status: 503 } } })
    expect(await runCommandLine(rows, ['healthcheck'], terminal)).toBe(7)
    expect(terminal.sent).toHaveLength(1)
  })

  test('no answer at all ends with code 7 and names the address', async () => {
    const { code, err } = await run('info --server http://127.0.0.1:9')
    expect(code).toBe(7)
    expect(err).toContain('No answer from http://127.0.0.1:9')
  })
})

describe('names', () => {
  test('an object is found by name in the list of its kind, on any page', async () => {
    const answers = { ...roles, [`DELETE /management/v1/role/${writers.id}`]: { status: 204 } }
    const { code, sent } = await run('role delete writers', { answers })
    expect(code).toBe(0)
    expect(sent.at(-1)?.line).toBe(`DELETE /management/v1/role/${writers.id}`)
  })

  test('a name that nothing has ends with code 4, one that several have with code 5 and their ids', async () => {
    const twins = {
      'GET /management/v1/role': { body: { roles: [analysts, { ...writers, name: 'Analysts' }] } },
    }
    expect((await run('role get nobody', { answers: roles })).code).toBe(4)
    const { code, err } = await run('role get analysts', { answers: twins })
    expect(code).toBe(5)
    expect(err).toContain(`${analysts.id}, ${writers.id}`)
  })

  test('members are users, roles by name, and service accounts by name', async () => {
    const answers: Answers = {
      ...roles,
      'GET /management/v1/service-account': {
        body: { 'service-accounts': [{ id: 'lakegate~etl', name: 'etl' }] },
      },
      [`POST /management/v1/role/${analysts.id}/members`]: { body: { members: [] } },
      [`DELETE /management/v1/role/${analysts.id}/members/user/oidc~ann%2Fb`]: { status: 204 },
    }
    const { sent } = await run('role members add analysts oidc~ann role:writers service-account:etl', {
      answers,
    })
    expect(JSON.parse(sent.at(-1)!.body)).toEqual({
      members: [
        { type: 'user', id: 'oidc~ann' },
        { type: 'role', id: writers.id },
        { type: 'user', id: 'lakegate~etl' },
      ],
    })
    expect((await run('role members remove analysts user:oidc~ann/b', { answers })).code).toBe(0)
  })

  test('a mount is found by its namespace in its warehouse', async () => {
    const warehouse = '0198c0de-0000-7000-8000-000000000003'
    const base = `/management/v1/warehouse/${warehouse}/mount`
    const answers: Answers = {
      'GET /management/v1/warehouse?warehouseStatus=any': {
        body: { warehouses: [{ 'warehouse-id': warehouse, name: 'lake' }] },
      },
      [`GET ${base}`]: { body: { mounts: [{ 'mount-id': 'm', namespace: ['a', 'b'] }] } },
      [`DELETE ${base}/m`]: { status: 204 },
    }
    expect((await run('mount delete lake a/b', { answers })).code).toBe(0)
  })
})

describe('bodies', () => {
  const created = { 'POST /management/v1/warehouse': { status: 201, body: {} } }

  test('options go to their place in the body, whose kind is told from them', async () => {
    const { sent } = await run(
      'warehouse create lake --bucket b --region eu --path-style --access-key-id env:A --secret-access-key file:/s',
      { answers: created },
    )
    expect(JSON.parse(sent[0]!.body)).toEqual({
      'warehouse-name': 'lake',
      'storage-profile': { type: 's3', bucket: 'b', region: 'eu', 'path-style-access': true },
      'storage-credential': {
        type: 's3',
        'credential-type': 'access-key',
        'access-key-id': 'env:A',
        'secret-access-key': 'file:/s',
      },
    })
  })

  test('--from takes the body from a file or from standard input; options win', async () => {
    const body = 'storage-profile: { type: file, location: file:///a }'
    const expected = { 'warehouse-name': 'lake', 'storage-profile': { type: 'file', location: 'file:///b' } }
    const fromInput = await run('warehouse create lake --from - --location file:///b', {
      answers: created,
      input: body,
    })
    expect(JSON.parse(fromInput.sent[0]!.body)).toEqual(expected)
    const fromFile = await run('warehouse create lake --from body.yaml --location file:///b', {
      answers: created,
      files: { 'body.yaml': body },
    })
    expect(JSON.parse(fromFile.sent[0]!.body)).toEqual(expected)
  })

  test.each([
    ['warehouse create lake --from nowhere.yaml', 'There is no file nowhere.yaml'],
    ['warehouse create lake --from list.yaml', 'list.yaml must hold an object'],
  ])('%s is refused before anything is sent', async (line, message) => {
    const { code, err, sent } = await run(line, { files: { 'list.yaml': '[1]' } })
    expect({ code, sent: sent.length }).toEqual({ code: 2, sent: 0 })
    expect(err).toContain(message)
  })
})

describe('what was typed wrongly', () => {
  test.each([
    ['rle list', 'did you mean "role"?'],
    ['role', 'needs one of: list, search, get'],
    ['role lst', 'did you mean "list"?'],
    ['role get', 'Missing <role>: lakegate role get <role>'],
    ['role get a b', 'Unexpected argument b'],
    ['role list --pagesize 3', 'did you mean --page-size?'],
    ['role list --description x', '`lakegate role list` has no option --description'],
    ['role list --page-size many', '--page-size must be a number'],
    ['role update a', 'needs --name'],
    ['role list --json=yes', '--json takes no value'],
    ['role members add analysts nobody', 'nobody is no member'],
    ['info --server ftp://x', 'is not the address of a gateway'],
    ['info --server http://me:pw@host', 'must not hold a user or a password'],
    ['completion powershell', 'bash, zsh and fish'],
    ['help nothing', 'There is no command'],
  ])('lakegate %s', async (line, message) => {
    const { code, err } = await run(line, { answers: roles })
    expect(err).toContain(message)
    expect(code).toBe(2)
  })

  test.each([
    'login --token hunter2',
    'login --token=hunter2',
    'login --client-secret hunter2',
    'role create x --password hunter2',
    'api-key --api-key hunter2',
    'warehouse create lake --secret-access-key hunter2',
    'login --token-reference hunter2',
    'whoami lg_hunter2aaaaaaaaaaaaaaaaaaaaaaaaa',
    'role list --profile lgs_hunter2aaaaaaaaaaaaaaaaaaaaaaaaa',
    'role get eyJhbGciOi_hunter2.eyJzdWIiOiIx.x',
  ])('%s: a secret is no argument, and is not repeated', async (line) => {
    const { code, err, sent } = await run(line)
    expect({ code, sent: sent.length }).toEqual({ code: 2, sent: 0 })
    expect(err).toContain('a secret is never an argument')
    expect(err).not.toContain('hunter2')
  })
})

test('`api` sends any request', async () => {
  const answers = { 'PUT /management/v1/user/x?a=b': { body: { ok: true } } }
  const { out, sent } = await run('api put /management/v1/user/x?a=b --from -', {
    answers,
    input: '{"name": "n"}',
  })
  expect(JSON.parse(out)).toEqual({ ok: true })
  expect(JSON.parse(sent[0]!.body)).toEqual({ name: 'n' })
})
