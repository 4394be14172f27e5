/** The document of the API: what it says is served, and what is served it says. */
import { Validator } from '@seriousme/openapi-schema-validator'
import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { bytesOf } from '#http/answer.ts'
import { createComponents } from '#http/openapi/components.ts'
import { createPages } from '#http/openapi/pages.ts'
import { probePages } from '#http/probes.ts'
import { createRouter } from '#http/router.ts'
import { apiDocument, checkBody, checkHead, faces } from '../support/api-document.ts'
import { checkExchange } from '../support/watch-wire.ts'

const documented = Object.entries(apiDocument.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)
const lineOf = ({ path, method }: { path: string; method: string }): string => `${method} ${path}`

describe('the document of the API', () => {
  test('is OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...apiDocument })
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
  })

  const router = createRouter(faces)
  test.each(documented)('has no route that is not there: $method $path', ({ path, method, operation }) => {
    if (probePages.some((page) => page.path === path)) return
    const segments = path.replaceAll(/[{}]/g, '').split('/').slice(1)
    const found = router.find(method, segments)?.endpoint
    expect(String(operation['operationId']).split('At')[0]).toBe(found?.operation)
    expect(found?.method).toBe(method)
  })

  test('lacks no route', () => {
    const served = [
      ...faces.flatMap(({ base, endpoints }) =>
        endpoints.map(({ method, template }) => `${method} ${base}${template}`),
      ),
      ...probePages.map(({ path }) => `GET ${path}`),
    ]
    expect(documented.map(lineOf).sort()).toEqual(served.sort())
  })

  test('names every operation once', () => {
    const ids = documented.map(({ operation }) => operation['operationId'])
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('refuses two forms of one name', () => {
    const components = createComponents()
    components.refer(Type.Object({ a: Type.String() }, { title: 'Same' }))
    expect(() => components.refer(Type.Object({ b: Type.String() }, { title: 'Same' }))).toThrow('Same')
  })
})

describe('an answer in a test', () => {
  const info = { method: 'GET', target: '/management/v1/info', status: 200 }

  test('fails it where the status is not documented', () => {
    expect(() => checkHead({ ...info, status: 202 }, new Headers())).toThrow('does not know')
  })

  test('fails it where a promised header is missing', () => {
    const one = { ...info, target: '/management/v1/warehouse/x' }
    expect(() => checkHead(one, new Headers())).toThrow('ETag')
  })

  test('fails it where a member is missing or unknown', () => {
    expect(() => checkBody(info, '{"version":"1","secret":"x"}')).toThrow('server-id')
    expect(() => checkBody(info, '{"version":"1","secret":"x"}')).toThrow('additional')
  })

  test('fails it where an error has another form', () => {
    expect(() => checkBody({ ...info, status: 404 }, '{"detail":"gone"}')).toThrow('error')
  })

  test('fails it where a body comes that is not documented, or none where one is', () => {
    const dropped = { method: 'DELETE', target: '/catalog/v1/x/namespaces/a', status: 204 }
    expect(() => checkBody(dropped, '{}')).toThrow('with a body')
    expect(() => checkBody(info, '')).toThrow('without its body')
  })
})

test('an answer on a bare connection is held against it too', () => {
  const request = 'GET /management/v1/info HTTP/1.1\r\nHost: x\r\n\r\n'
  const answer = (status: string, body: string) =>
    `HTTP/1.1 ${status}\r\nX-Request-Id: r\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  expect(() => checkExchange(request, answer('200 OK', '{}'))).toThrow('server-id')
  expect(() => checkExchange(request, answer('418 Tea', '{}'))).toThrow('does not know')
})

describe('the pages', () => {
  const pages = createPages({ faces, version: '1.2.3' })
  const textOf = async (path: string): Promise<string> => {
    const answer = await pages(path.split('/').slice(1), path)
    return Buffer.concat((answer?.body ?? []).map(bytesOf)).toString()
  }

  test.each([
    ['/openapi.json', '.'],
    ['/api-docs/management/v1/openapi.json', '../../..'],
    ['/api-docs/catalog/v1/openapi.json', '../../..'],
  ])('%s leads back to the root by a relative way', async (path, root) => {
    const document = JSON.parse(await textOf(path))
    expect(document).toMatchObject({ info: { version: '1.2.3' }, servers: [{ url: root }] })
    expect(new URL(root, `http://h/prefix${path}`).pathname.replace(/\/$/, '')).toBe('/prefix')
  })

  test.each(['/swagger-ui', '/swagger-ui/'])('%s leads to the viewer behind any prefix', async (path) => {
    const answer = await pages(['swagger-ui'], path)
    const location = answer?.headers?.find(([name]) => name === 'Location')?.[1] ?? ''
    expect(new URL(location, `http://h/prefix${path}`).pathname).toBe('/prefix/swagger-ui/index.html')
  })

  test('the viewer asks for nothing that is not here, and its policy allows no more', async () => {
    const page = await textOf('/swagger-ui/index.html')
    const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name)
    expect(assets).not.toHaveLength(0)
    for (const name of assets) expect(await textOf(`/swagger-ui/${name}`)).not.toBe('')
    expect(page).not.toMatch(/<script>|style=|https?:/)
    const answer = await pages(['swagger-ui', 'index.html'], '/swagger-ui/index.html')
    const policy = answer?.headers?.find(([name]) => name === 'Content-Security-Policy')?.[1]
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
  })

  test.each(['/swagger-ui/__proto__', '/swagger-ui/..%2f', '/api-docs', '/openapi.json/x'])(
    '%s is none of them',
    (path) => {
      expect(pages(path.split('/').slice(1), path)).toBeUndefined()
    },
  )
})
