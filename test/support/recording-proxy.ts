/** Stands before a server and notes the request lines that reach it. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'

export interface RecordingProxy extends AsyncDisposable {
  readonly uri: string
  /** Method, path and query of each request since the last look, in order. */
  lines(): readonly string[]
}

export const openRecordingProxy = async (to: string, port: number): Promise<RecordingProxy> => {
  let seen: string[] = []
  const server = createServer((asked, answer) => {
    seen.push(`${asked.method} ${asked.url}`)
    const { method, headers } = asked
    const onward = request(to + asked.url, { method: method ?? 'GET', headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return {
    uri: `http://127.0.0.1:${port}`,
    lines: () => {
      const lines = seen
      seen = []
      return lines
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
