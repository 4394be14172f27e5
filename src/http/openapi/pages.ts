/** The document of the API and a viewer of it: outside the pipeline, since both are the same for everybody. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answer, Header } from '../answer.ts'
import { createDocument, type DocumentRequest, type OpenApiDocument } from './document.ts'

/** Undefined where the path is none of a page. */
export type PublicPages = (
  segments: readonly string[],
  target: string,
) => Answer | Promise<Answer> | undefined

/** Nothing from elsewhere, nothing inline, in no frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const pageHeaders: readonly Header[] = [
  ['Content-Security-Policy', policy],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cache-Control', 'no-cache'],
]

const answerText = (text: string | Uint8Array, contentType: string): Answer => ({
  status: 200,
  headers: pageHeaders,
  contentType,
  body: [typeof text === 'string' ? Buffer.from(text) : text],
})

const viewerPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Lakegate API</title>
    <link rel="stylesheet" href="swagger-ui.css">
    <link rel="icon" type="image/png" href="favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="swagger-ui-bundle.js"></script>
    <script src="start.js"></script>
  </body>
</html>
`

/** Credentials that somebody types in are gone with the page. */
const viewerStart = `SwaggerUIBundle({
  url: '../openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
})
`

const assetFolder = (): string => dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))

type Page = (target: string) => Answer | Promise<Answer>

/** Read when somebody first asks: most processes never show the viewer. */
const assetPage = (name: string, contentType: string): Page => {
  let bytes: Promise<Uint8Array> | undefined
  return async () => {
    bytes ??= readFile(join(assetFolder(), name))
    return answerText(await bytes, contentType)
  }
}

/** Relative, so that it is right behind any proxy. */
const redirectToIndex: Page = (target) => {
  const path = target.split('?')[0] ?? ''
  const location = path.endsWith('/') ? 'index.html' : `${path.slice(path.lastIndexOf('/') + 1)}/index.html`
  return { status: 307, headers: [...pageHeaders, ['Location', location]] }
}

/** `root` is the way from the document to our root. */
const documentPages = (request: DocumentRequest): readonly (readonly [path: string, page: Page])[] => {
  let document: OpenApiDocument | undefined
  const documentAt =
    (root: string): Page =>
    () => {
      document ??= createDocument(request)
      return answerText(JSON.stringify({ ...document, servers: [{ url: root }] }), 'application/json')
    }
  return [
    ['openapi.json', documentAt('.')],
    ['api-docs/management/v1/openapi.json', documentAt('../../..')],
    ['api-docs/catalog/v1/openapi.json', documentAt('../../..')],
  ]
}

const script = 'text/javascript; charset=utf-8'

/** The document is made once, when somebody first asks. */
export const createPages = (request: DocumentRequest): PublicPages => {
  const pages = new Map<string, Page>([
    ...documentPages(request),
    ['swagger-ui', redirectToIndex],
    ['swagger-ui/index.html', () => answerText(viewerPage, 'text/html; charset=utf-8')],
    ['swagger-ui/start.js', () => answerText(viewerStart, script)],
    ['swagger-ui/swagger-ui-bundle.js', assetPage('swagger-ui-bundle.js', script)],
    ['swagger-ui/swagger-ui.css', assetPage('swagger-ui.css', 'text/css; charset=utf-8')],
    ['swagger-ui/favicon-32x32.png', assetPage('favicon-32x32.png', 'image/png')],
  ])
  const first = new Set([...pages.keys()].map((path) => path.split('/')[0]))
  return (segments, target) => (first.has(segments[0]) ? pages.get(segments.join('/'))?.(target) : undefined)
}
